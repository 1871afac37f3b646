"""A person takes a record that lacks what was done: what goes on top of it, so that nothing is repeated."""

from __future__ import annotations

from released.domain import events as ev
from released.domain.environments.environment import EnvironmentState
from released.domain.environments.witness import Witness
from released.domain.failure import Failure
from released.domain.releases import older_record, recovery
from released.domain.releases.release import ReleaseState


def acceptance(reason: str, head: int, seen: Witness | None) -> ev.RecordAccepted:
    """Put it on record.

    Args:
        reason: of the person.
        head: the position of the record's last event.
        seen: what the witness saw; ``None`` where it could not be read.
    """
    if seen is None:
        return ev.RecordAccepted(reason, head)
    return ev.RecordAccepted(reason, head, seen.position, seen.at, seen.doing)


def of_environment(accepted: ev.RecordAccepted, place: EnvironmentState) -> list[ev.Event]:
    """Record the acceptance; a return of the checkout that is under way on record is given up."""
    if place.returning is None:
        return [accepted]
    failure = Failure("record_is_older", "The record is an older copy, and does not know what became of the return.")
    return [accepted, ev.ReturnEnded(place.returning.request_id, failure)]


def of_release(accepted: ev.RecordAccepted, state: ReleaseState) -> list[ev.Event]:
    """Put the release that occupies the environment in doubt: it may have gone on, and nobody knows how far.

    One that is under way on record halts; one that was halted may have been resumed since.
    """
    if not state.is_running:
        return [accepted]
    return [recovery.halt(state, "in_doubt", older_record.CODE, older_record.what_is_unknown(accepted))]
