"""The runs of a ticket: which events of its record belong to which."""

from __future__ import annotations

from collections.abc import Sequence

from released.domain import events as ev
from released.domain.errors import NotFound
from released.domain.releases.next_steps import events_of

_BEGINS = ev.RunRequested | ev.Adopted


def was_run(events: Sequence[ev.Recorded]) -> bool:
    """Tell whether a ticket was ever run; a record may hold refusals and notes only."""
    return bool(_beginnings(events))


def latest_run(events: Sequence[ev.Recorded]) -> Sequence[ev.Recorded]:
    """Give what happened since the latest run of a ticket that was run began, its way back included."""
    return events[_beginnings(events)[-1] :]


def run_of(events: Sequence[ev.Recorded], ticket: str, run: int) -> Sequence[ev.Recorded]:
    """Give what happened from the beginning of one run of a ticket to that of the next.

    Args:
        events: the record of the ticket, which was run.
        ticket: its name.
        run: the number of the run; 0: the latest.

    Raises:
        NotFound: ``run_unknown``.
    """
    begin = _beginnings(events)
    if run > len(begin):
        message = f"Ticket {ticket} has no run {run}: the latest is run {len(begin)}."
        raise NotFound("run_unknown", message, events_of(ticket))
    ends = [*begin[1:], len(events)]
    return events[begin[run - 1] : ends[run - 1]]


def number_of(run: Sequence[ev.Recorded]) -> int:
    """Give the number of a run, from its events."""
    return next(one.event.run for one in run if isinstance(one.event, _BEGINS))


def _beginnings(events: Sequence[ev.Recorded]) -> list[int]:
    return [place for place, one in enumerate(events) if isinstance(one.event, _BEGINS)]
