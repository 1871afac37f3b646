"""When a halted release says again that it waits for a decision."""

from __future__ import annotations

import datetime as dt

import msgspec

from released.domain import events as ev

LONGEST_PAUSE = dt.timedelta(days=1)


class Standstill(msgspec.Struct, frozen=True):
    """How long a halted release has waited, and how often it said so."""

    since: dt.datetime
    """When it halted."""
    reminders: int = 0
    reminded_at: dt.datetime | None = None


def after(standstill: Standstill | None, recorded: ev.Recorded) -> Standstill | None:
    """Give the standstill of a release that is halted after an event."""
    match recorded.event:
        case ev.Halted():
            return Standstill(recorded.at)
        case ev.Reminded(number=number) if standstill is not None:
            return Standstill(standstill.since, number, recorded.at)
        case _:
            return standstill


def reminder(standstill: Standstill, halt: ev.Halted) -> ev.Reminded:
    """Make the next reminder of a halt."""
    return ev.Reminded(standstill.reminders + 1, standstill.since, halt.phase, halt.cause, halt.failure.code)


def due(standstill: Standstill, first_after_s: float) -> dt.datetime:
    """Say when the next reminder is due: each time as long after the last one as the release had waited then.

    So the time since the halt doubles from one to the next (15m, 30m, 1h, 2h …), and from a day on they come daily.
    What was missed while no daemon ran is made up for by one.

    Args:
        standstill: of the release.
        first_after_s: how long after the halt the first one is due, in seconds.
    """
    if standstill.reminded_at is None:
        return standstill.since + dt.timedelta(seconds=first_after_s)
    return standstill.reminded_at + min(standstill.reminded_at - standstill.since, LONGEST_PAUSE)
