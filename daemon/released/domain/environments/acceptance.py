"""A person takes a record that lacks what was done: what goes on top of it, so that nothing is repeated."""

from __future__ import annotations

from released.domain import events as ev
from released.domain.environments.environment import EnvironmentState
from released.domain.environments.witness import Witness
from released.domain.failure import Failure
from released.domain.releases import recovery
from released.domain.releases.release import ReleaseState


def of_environment(reason: str, head: int, seen: Witness | None, place: EnvironmentState) -> list[ev.Event]:
    """Record the acceptance; a return of the checkout that is under way on record is given up.

    Args:
        reason: of the person.
        head: the position of the record's last event.
        seen: what the witness saw; ``None`` where it could not be read.
        place: the environment, as the record has it.
    """
    accepted = ev.RecordAccepted(reason, head)
    if seen is not None:
        accepted = ev.RecordAccepted(reason, head, seen.position, seen.at, seen.doing)
    if place.returning is None:
        return [accepted]
    failure = Failure("record_is_older", "The record is an older copy, and does not know what became of the return.")
    return [accepted, ev.ReturnEnded(place.returning.request_id, failure)]


def of_release(seen: Witness | None, state: ReleaseState) -> list[ev.Event]:
    """Halt a release that is under way on record, in doubt: it went on, and nobody knows how far."""
    if not state.is_running:
        return []
    doing = f" (the last that was noted: {seen.doing}, at {seen.at:%Y-%m-%dT%H:%M:%SZ})" if seen else ""
    message = f"The record is an older copy, and does not know how far the release went{doing}. Look at what runs."
    return [recovery.halt(state, "in_doubt", "record_is_older", message)]
