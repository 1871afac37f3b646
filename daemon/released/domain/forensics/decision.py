"""Which person's decision an event of a release goes back to."""

from __future__ import annotations

from collections.abc import Sequence

from released.domain import events as ev

_DECISIONS = (ev.RunRequested, ev.Resumed, ev.RevertRequested, ev.Adopted, ev.StepResolved)


def decision_before(events: Sequence[ev.Recorded], version: int) -> ev.Recorded | None:
    """Give the latest decision of a person at or before an event; what the daemon did by itself is none."""
    decided = (one for one in reversed(events[:version]) if isinstance(one.event, _DECISIONS))
    return next(decided, None)


def reason_of(decision: ev.Event) -> str:
    """Give the reason that was stated; empty where none was."""
    match decision:
        case ev.RunRequested(options=options) | ev.RevertRequested(options=options):
            return options.reason
        case ev.Resumed(reason=reason) | ev.Adopted(reason=reason) | ev.StepResolved(reason=reason):
            return reason
        case _:
            return ""
