"""Failures that no playbook tells of: each asks for one once it is over, and a draft is made of its record."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from released.domain import events as ev
from released.domain.failure import NextCommand
from released.domain.ids import Ticket
from released.domain.playbooks.draft import draft
from released.domain.playbooks.matching import match
from released.domain.playbooks.recorded_failure import RecordedFailure, failures
from released.domain.releases import lifecycle
from released.domain.releases.next_steps import new_playbook
from released.domain.releases.outcome import Outcome, outcome
from released.domain.releases.release import ReleaseState
from released.engine.playbooks.fixes import failure_of
from released.engine.playbooks.known_failures import facts_of, library
from released.engine.station import Station


def told(station: Station, state: ReleaseState) -> Outcome:
    """Tell how a release that rests came out; a failure on its way that no playbook knows asks for one."""
    plain = outcome(state)
    if state.status not in (lifecycle.RELEASED, lifecycle.REVERTED) or _unknown(station, Ticket(state.ticket)) is None:
        return plain
    command: NextCommand = new_playbook(state.ticket)
    message = (
        f"{plain.message}\nNo playbook told of a failure on the way; file one with its fix: {' '.join(command.argv)}"
    )
    return msgspec.structs.replace(plain, message=message, next=(*plain.next, command))


def draft_of(station: Station, ticket: Ticket) -> str:
    """Draft a playbook of the latest failure that no playbook knows, or else of the latest one; without secrets.

    Raises:
        NotFound: no failure is on record of the ticket.
    """
    failure = _unknown(station, ticket) or failure_of(station, ticket)
    facts = facts_of(station.world, failure)
    text = draft(ticket, failure.recorded, facts, station.events(ticket), _hooks_since(station, failure.recorded))
    return station.world.mask(text)


def _unknown(station: Station, ticket: Ticket) -> RecordedFailure | None:
    """Find the latest halt of the present run that failed and that no playbook tells of."""
    events = station.events(ticket)
    begun = max((one.version for one in events if isinstance(one.event, ev.RunRequested)), default=0)
    halts = [
        failure
        for failure in failures(events)
        if failure.recorded.version > begun
        and isinstance(failure.recorded.event, ev.Halted)
        and failure.recorded.event.cause == "failed"
    ]
    if not halts:
        return None
    known = [playbook for playbook in library(station.world.git).playbooks if playbook.knows_why]
    return next((one for one in reversed(halts) if not match(known, facts_of(station.world, one))), None)


def _hooks_since(station: Station, failure: ev.Recorded) -> Iterator[str]:
    for recorded in station.store.read(ev.environment_stream(station.name)):
        if recorded.position > failure.position and isinstance(recorded.event, ev.HookStarted):
            yield f"releasectl services run {recorded.event.service} {recorded.event.executable.name}"
