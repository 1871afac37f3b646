"""A release that is under way and neither records nor prints anything for longer than it should take: it may hang."""

from __future__ import annotations

import datetime as dt

import msgspec

from released.domain import events as ev
from released.domain.releases.step_state import StepState


class Silence(msgspec.Struct, frozen=True):
    """What was noticed of a release that recorded nothing since."""

    since: dt.datetime
    limit_s: float


def limit_s(step: StepState | None, after_s: float) -> float:
    """Say how many seconds a release may record and print nothing: what its step may take, and so long beyond."""
    own_s = step.timeout_s if step and step.timeout_s else 0.0
    return own_s + after_s


def after(silence: Silence | None, event: ev.Event) -> Silence | None:
    """Give the silence after an event; what others record, such as a wish to cancel, does not break it."""
    match event:
        case ev.FellSilent(since=since, limit_s=limit):
            return Silence(since, limit)
        case ev.CancelRequested() | ev.Refused() | ev.Noted() | ev.LegalHoldPlaced() | ev.LegalHoldLifted():
            return silence
        case ev.DetectionRan() | ev.Redacted():
            return silence
        case _:
            return None
