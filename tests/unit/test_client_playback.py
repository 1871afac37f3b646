"""A past run in its own time: waits, and what keys do."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from releasectl.text.times import moment
from releasectl.views.playback import Pace, Playback, RecordedClock
from releasepb.v1 import history_pb2 as pb
from releasepb.v1 import releases_pb2
from support.wire_events import Stream

if TYPE_CHECKING:
    from collections.abc import Sequence

KEY_S = 0.05
"""How long after the beginning of a wait a key is pressed."""


@dataclass
class Reader:
    """Somebody who presses keys; time passes only while he is waited for."""

    keys: list[str] = field(default_factory=list)
    """One for each wait; empty: none is pressed in it."""
    elapsed_s: float = 0.0

    def wait(self, seconds: float) -> str:
        """Let the time pass until a key is pressed."""
        key = self.keys.pop(0) if self.keys else ""
        self.elapsed_s += min(KEY_S, seconds) if key else seconds
        return key


@dataclass
class Seen:
    """What was shown, and after how many seconds."""

    reader: Reader
    shown: list[tuple[str, float]] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)

    def event(self, event: releases_pb2.Event) -> None:
        """Note an event."""
        self.shown.append((event.type, round(self.reader.elapsed_s, 2)))

    def output(self, chunk: releases_pb2.OutputChunk, fresh: bytes) -> None:  # noqa: ARG002 (the screen's interface)
        """Note an output."""
        self.shown.append((fresh.decode(), round(self.reader.elapsed_s, 2)))

    def notice(self, sentence: str) -> None:
        """Note a notice."""
        self.notices.append(sentence)


def run() -> list[pb.ReplayItem]:
    """Give a run: a step begins after 1 s, prints after 2 s, ends after 4 s; the run ends after a minute."""
    stream = Stream().add(0, "run_requested").add(1, "step_started").add(4, "step_succeeded").add(60, "released")
    items = [pb.ReplayItem(event=event) for event in stream.events]
    printed_at = Stream().add(2, "any").events[0].at
    chunk = releases_pb2.OutputChunk(step="web.pull", attempt=1, untrusted_data=b"layer")
    return [*items[:2], pb.ReplayItem(output=chunk, printed_at=printed_at), *items[2:]]


def played(pace: Pace, keys: Sequence[str] = ()) -> Seen:
    """Play the run."""
    reader = Reader(list(keys))
    seen = Seen(reader)
    Playback(seen, reader, RecordedClock(), pace, lambda: reader.elapsed_s).play(run())
    return seen


@pytest.mark.parametrize(
    ("pace", "times"),
    [
        (Pace(1, 100), [0, 1, 2, 4, 60]),
        (Pace(2, 100), [0, 0.5, 1, 2, 30]),
        (Pace(1, 2), [0, 1, 2, 4, 6]),
        (Pace(0.5, 3), [0, 2, 4, 7, 10]),
    ],
    ids=["as it was", "twice as fast", "two seconds at most", "half as fast, three seconds at most"],
)
def test_a_run_is_shown_in_its_time(pace: Pace, times: list[float]) -> None:
    assert played(pace).shown == list(
        zip(["run_requested", "step_started", "layer", "step_succeeded", "released"], times, strict=True)
    )


def test_a_run_that_stands_still_goes_on_by_one_event_at_each_key() -> None:
    seen = played(Pace(stands=True), ["n", "", "", "n", "\x1b[C"])
    assert (
        seen.shown
        == [
            ("run_requested", 0),
            ("step_started", 0.05),
            ("layer", 0.3),
            ("step_succeeded", 0.3),
            ("released", 0.35),
        ][: len(seen.shown)]
    )
    assert seen.shown[-1][0] == "released"


def test_space_stops_the_time_and_lets_it_go_on() -> None:
    seen = played(Pace(1, 2), [" ", "", "", " "])
    assert seen.shown[1] == ("step_started", 1.25)
    assert "stands still" in seen.notices[1]


def test_plus_and_minus_change_the_speed() -> None:
    notices = played(Pace(1, 2), ["+", "+", "-"]).notices
    assert [notice.split(": ")[0].rpartition(", ")[2] for notice in notices[:4]] == ["1x", "2x", "4x", "2x"]


def test_q_ends_it() -> None:
    assert played(Pace(), ["q"]).shown == [("run_requested", 0)]


def test_a_clock_that_went_back_keeps_nothing_waiting() -> None:
    stream = Stream().add(60, "run_requested").add(0, "released")
    reader, clock = Reader(), RecordedClock()
    seen = Seen(reader)

    Playback(seen, reader, clock, Pace(), lambda: reader.elapsed_s).play(
        [pb.ReplayItem(event=event) for event in stream.events]
    )

    assert seen.shown == [("run_requested", 0), ("released", 0)]
    assert clock.now == moment(stream.events[0].at)
