"""The run as spans of time: steps with each of their attempts, and the times in which it waited for a decision."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from releasectl.text.durations import format_duration
from releasectl.text.sanitize import one_line
from releasectl.text.times import moment
from releasectl.views.machine import Document, payload
from releasepb.v1 import releases_pb2 as pb

WIDTH = 1000.0
"""Of the whole time line, in units of the picture."""
_WAIT_WIDTH = 60.0
"""A wait for a decision may last for days: it is drawn short, and its length is told."""
_THINNEST = 2.0
_WAITS = {"halted": "waits for a decision", **dict.fromkeys(("released", "abandoned", "reverted"), "over for then")}
"""Events after which nothing happens until a person wants it to."""
_END_OF_STEP = {"step_succeeded": "done", "step_failed": "failed", "step_interrupted": "interrupted"}
END_OF_WAIT = ("resumed", "revert_requested", "abandoned")


@dataclass(frozen=True)
class Span:
    """Something that took time."""

    name: str
    phase: str
    status: str
    """``done``, ``failed``, ``interrupted``, ``running``, or ``waiting`` for a decision."""
    begin: dt.datetime
    end: dt.datetime
    attempt: int = 0
    """Of a step, from 1."""

    @property
    def took(self) -> str:
        """How long, as people write it."""
        return format_duration((self.end - self.begin).total_seconds())


@dataclass(frozen=True)
class Bar:
    """A span as it is drawn."""

    span: Span
    left: float
    width: float


def spans(events: Sequence[pb.Event]) -> list[Span]:
    """Give the spans of a run in the order in which they began; what has no end lasts to the last event."""
    last = moment(events[-1].at)
    return sorted(_spans(events, last), key=lambda span: span.begin)


def _spans(events: Sequence[pb.Event], last: dt.datetime) -> Iterator[Span]:
    running: Span | None = None
    waiting: Span | None = None
    phase = ""
    for event in events:
        at, data = moment(event.at), payload(event)
        if event.type in ("phase_started", "resumed"):
            phase = _text(data, "phase")
        if event.type == "step_started":
            running = Span(_text(data, "step"), phase, "running", at, last, int(data.get("attempt", 1)))
        elif event.type in _END_OF_STEP and running is not None:
            yield replace(running, status=_END_OF_STEP[event.type], end=max(at, running.begin))
            running = None
        elif event.type in _WAITS:
            waiting = Span(_WAITS[event.type], phase, "waiting", at, last)
        elif event.type in END_OF_WAIT and waiting is not None:
            yield replace(waiting, end=max(at, waiting.begin))
            waiting = None
    if running is not None:
        yield running
    if waiting is not None and waiting.name == _WAITS["halted"]:
        yield waiting


def bars(found: Sequence[Span], begin: dt.datetime, end: dt.datetime) -> list[Bar]:
    """Lay spans out between two moments; waits for a decision take little room, whatever they lasted."""
    scale = _Scale([span for span in found if span.status == "waiting"], begin, end)
    laid = [(span, scale.at(span.begin), scale.at(span.end)) for span in found]
    return [Bar(span, min(left, WIDTH - _THINNEST), max(right - left, _THINNEST)) for span, left, right in laid]


class _Scale:
    """Places moments: straight between waits, and each wait in the same little room."""

    def __init__(self, waits: Sequence[Span], begin: dt.datetime, end: dt.datetime) -> None:
        edges = [begin, *(edge for wait in waits for edge in (wait.begin, wait.end)), max(end, begin)]
        work_s = sum((after - before).total_seconds() for before, after in list(pairwise(edges))[::2])
        room = WIDTH - len(waits) * _WAIT_WIDTH
        self._pieces: list[tuple[dt.datetime, dt.datetime, float, float]] = []
        left = 0.0
        for number, (before, after) in enumerate(pairwise(edges)):
            share = (after - before).total_seconds() / work_s if work_s else 0.0
            width = _WAIT_WIDTH if number % 2 else room * share
            self._pieces.append((before, after, left, width))
            left += width

    def at(self, when: dt.datetime) -> float:
        """Give the place of a moment."""
        for before, after, left, width in self._pieces:
            if when <= after:
                whole_s = (after - before).total_seconds()
                part = (when - before).total_seconds() / whole_s if whole_s else 0.0
                return left + width * min(max(part, 0.0), 1.0)
        return WIDTH


def _text(data: Document, name: str) -> str:
    return one_line(str(data.get(name) or ""))
