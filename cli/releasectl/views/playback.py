"""A past run, shown on a terminal in its own time, which keys make faster, slower, or stand still."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from releasectl.text.times import moment
from releasepb.v1 import history_pb2 as pb
from releasepb.v1 import releases_pb2

_TICK_S = 0.1
"""How often running times are drawn anew and keys are looked for."""
_KEYS = "space stops and goes on, n next event, + faster, - slower, q ends"
_NEXT = ("n", "\x1b[C", "\x1bOC")
"""What the right arrow sends, too."""
_LONG_AGO = dt.datetime.fromtimestamp(0, dt.UTC)
_FASTEST, _SLOWEST = 1024.0, 1 / 64


class Screen(Protocol):
    """What shows the run."""

    def event(self, event: releases_pb2.Event) -> None:
        """Show an event."""
        ...

    def output(self, chunk: releases_pb2.OutputChunk, fresh: bytes) -> None:
        """Show what a step printed."""
        ...

    def notice(self, sentence: str) -> None:
        """Show something about the showing."""
        ...


class Keys(Protocol):
    """What is pressed."""

    def wait(self, seconds: float) -> str:
        """Give the next key; nothing where none is pressed in time."""
        ...


@dataclass
class RecordedClock:
    """The time in which the run is seen; it goes on between events."""

    now: dt.datetime = _LONG_AGO

    def __call__(self) -> dt.datetime:
        """Tell the time."""
        return self.now


@dataclass
class Pace:
    """How the time of the record passes.

    Attributes:
        speed: how many seconds of it in one second.
        longest_s: how long a wait is at most, whatever lies between two events.
        stands: whether it passes at all.
    """

    speed: float = 1.0
    longest_s: float = 2.0
    stands: bool = False

    def wait_s(self, gap_s: float) -> float:
        """Tell how long to wait for what comes so much later."""
        return min(max(gap_s, 0.0) / self.speed, self.longest_s)

    def change(self, key: str) -> None:
        """Do what a key asks for."""
        match key:
            case " ":
                self.stands = not self.stands
            case "+" | "=":
                self.speed = min(self.speed * 2, _FASTEST)
            case "-" | "_":
                self.speed = max(self.speed / 2, _SLOWEST)
            case _:
                pass

    def __str__(self) -> str:
        """Tell it in a word."""
        return "stands still" if self.stands else f"{self.speed:g}x"


class Playback:
    """Shows what was seen, one after the other, each at its time.

    Args:
        screen: shows it.
        keys: what the reader presses.
        clock: is set to the time that is shown.
        pace: how the time passes.
        elapsed: a clock for waits, in seconds.
    """

    def __init__(
        self,
        screen: Screen,
        keys: Keys,
        clock: RecordedClock,
        pace: Pace,
        elapsed: Callable[[], float] = time.monotonic,
    ) -> None:
        self._screen = screen
        self._keys = keys
        self._clock = clock
        self._pace = pace
        self._elapsed = elapsed
        self._hurries = False
        """Whether all up to the next event is shown at once."""
        self._ends = False

    def play(self, items: Iterable[pb.ReplayItem]) -> None:
        """Show all, or as much as the reader wants to see."""
        for item in items:
            self._travel(_time_of(item))
            if self._ends:
                return
            self._show(item)

    def _travel(self, to: dt.datetime) -> None:
        """Let the time pass until then; what comes first is shown at once."""
        begin = self._clock.now
        if begin != _LONG_AGO:
            self._pass(begin, to - begin)
        self._clock.now = max(to, begin)

    def _pass(self, begin: dt.datetime, gap: dt.timedelta) -> None:
        passed = 0.0
        while passed < 1 and not self._hurries and not self._ends:
            whole_s = self._pace.wait_s(gap.total_seconds())
            if whole_s:
                passed += self._wait(min(_TICK_S, whole_s * (1 - passed))) / whole_s
                self._clock.now = begin + gap * min(passed, 1.0)
            elif self._pace.stands:
                self._wait(_TICK_S)
            else:
                return

    def _wait(self, seconds: float) -> float:
        """Wait for a key or the time; give the seconds of the wait that count."""
        stood, before = self._pace.stands, self._elapsed()
        key = self._keys.wait(seconds)
        self._press(key)
        return 0.0 if stood else self._elapsed() - before

    def _press(self, key: str) -> None:
        self._hurries = self._hurries or key in _NEXT
        self._ends = self._ends or key == "q"
        self._pace.change(key)
        if key:
            self._tell()

    def _show(self, item: pb.ReplayItem) -> None:
        if item.HasField("output"):
            self._screen.output(item.output, item.output.untrusted_data)
            return
        self._screen.event(item.event)
        self._hurries = False
        self._tell()

    def _tell(self) -> None:
        self._screen.notice(f"{self._clock.now:%Y-%m-%d %H:%M:%SZ}, {self._pace}: {_KEYS}")


def _time_of(item: pb.ReplayItem) -> dt.datetime:
    return moment(item.printed_at if item.HasField("output") else item.event.at)
