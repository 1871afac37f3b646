"""A past run as it was seen: its events in order, and between them what its steps printed, when they printed it."""

from __future__ import annotations

import datetime as dt
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from released.domain import events as ev
from released.store.outputs import Piece, read_pieces

OutputOf = Callable[[str, int], Path]
"""Names the output of an attempt of a step."""


class Printed(NamedTuple):
    """A part of what a step printed."""

    step: str
    attempt: int
    piece: Piece


def replay(
    run: Sequence[ev.Recorded], output_of: OutputOf, until: dt.datetime | None
) -> Iterator[ev.Recorded | Printed]:
    """Give events and output in the order of time; an output stands before the end of its step.

    Args:
        run: the events of one run.
        output_of: names the output of an attempt of a step; the file may be gone.
        until: when the run is left, where it is left while a step may print; ``None``: with its last event.
    """
    printing: deque[Printed] = deque()
    for recorded in run:
        yield from _before(printing, None if _ends_a_step(recorded.event) else recorded.at)
        yield recorded
        if isinstance(recorded.event, ev.StepStarted):
            step, attempt = recorded.event.step, recorded.event.attempt
            printing = deque(Printed(step, attempt, piece) for piece in read_pieces(output_of(step, attempt)))
    if until is not None:
        yield from _before(printing, until)


def _before(printing: deque[Printed], at: dt.datetime | None) -> Iterator[Printed]:
    """Take what was printed up to a time; all of it where there is none."""
    while printing and (at is None or printing[0].piece.at <= at):
        yield printing.popleft()


def _ends_a_step(event: ev.Event) -> bool:
    return isinstance(event, ev.StepSucceeded | ev.StepFailed | ev.StepInterrupted)
