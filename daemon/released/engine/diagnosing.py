"""Gathers what a diagnosis is made of: the record of the environment, its playbooks, and a look at the service now."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import msgspec

from released.adapters.interruption import Interruption
from released.domain import events as ev
from released.domain.diagnosis.diagnose import Past, diagnose, failure_to_tell_of
from released.domain.diagnosis.document import Diagnosis, Occurrence, Present
from released.domain.diagnosis.occurrence import likeness, occurrences
from released.domain.diagnosis.playbook_way import playbook_way
from released.domain.diagnosis.service_change import good_releases
from released.domain.errors import ReleasedError
from released.domain.playbooks.detection import latest_detections
from released.domain.playbooks.matching import Match, match
from released.domain.playbooks.playbook import Library
from released.domain.playbooks.recorded_failure import RecordedFailure, services_to_look_at
from released.domain.releases import release
from released.domain.releases.release import ReleaseState
from released.domain.releases.unknown import unknown_ticket
from released.engine.estimates import median_durations_s
from released.engine.playbooks.known_failures import facts_of, library
from released.engine.station import Station
from released.phases.health import container_lines, endpoint_lines
from released.phases.projects import containers_now
from released.store.exported_copy import is_copy
from released.store.history_queries import Before, tickets_of_service, tickets_refused, tickets_run, tickets_that_failed

_OCCURRENCES = 5
_RECENT, _ALIKE, _OF_SERVICE = 50, 50, 10
"""How many of the latest releases before it are looked at: of any kind, with the same failure, and of each service."""


class Diagnosed(NamedTuple):
    """A diagnosis, and the playbooks that tell of the failure."""

    diagnosis: Diagnosis
    matches: tuple[Match, ...]
    known: Library
    detections: Mapping[str, ev.DetectionRan]
    """What the detection commands of playbooks found out of the failure, by the id of the playbook."""


def diagnosed(station: Station, ticket: str) -> Diagnosed:
    """Diagnose a ticket.

    Raises:
        NotFound: nothing is on record of it.
    """
    events = station.events(ticket)
    if not events:
        raise unknown_ticket(ticket)
    failure, known = failure_to_tell_of(events), library(station.world.git)
    histories = dict(_histories(station, ticket, failure))
    told = diagnose(ticket, events, _past(histories, ticket, failure), _present(station, events, failure, histories))
    matches = match(known.playbooks, facts_of(station.world, failure)) if failure and told.kind != "released" else ()
    detections = latest_detections(events, told.version)
    may_look = station.world.settings.playbooks.detect != "never"
    following = (*told.next, *playbook_way(told, matches, detections, may_look=may_look))
    return Diagnosed(msgspec.structs.replace(told, next=following), tuple(matches), known, detections)


def _histories(
    station: Station, ticket: str, failure: RecordedFailure | None
) -> Iterator[tuple[str, list[ev.Recorded]]]:
    """Read the releases that a diagnosis compares with: the latest, of its services, and those that failed alike."""
    store, state = station.store, release.fold(station.events(ticket))
    at = failure.recorded.at if failure else state.started_at or station.instruments.now()
    latest, alike, own = (Before(station.name, at, limit) for limit in (_RECENT, _ALIKE, _OF_SERVICE))
    tickets = [ticket, *tickets_run(store, latest), *tickets_refused(store, latest)]
    if failure is not None:
        tickets += tickets_that_failed(store, alike, failure.facts.code)
    for service in state.plan.services if state.plan else ():
        tickets += tickets_of_service(store, own, service.name)
    for each in dict.fromkeys(tickets):
        yield each, station.events(each)


def _past(histories: dict[str, list[ev.Recorded]], ticket: str, failure: RecordedFailure | None) -> Past:
    good = [one for other, events in histories.items() for one in good_releases(events, other)]
    same = sorted(_same(histories, ticket, failure), key=lambda one: one.at, reverse=True) if failure else []
    return Past(tuple(good), tuple(same[:_OCCURRENCES]))


def _same(histories: dict[str, list[ev.Recorded]], ticket: str, failure: RecordedFailure) -> Iterator[Occurrence]:
    like = likeness(failure, ticket)
    for other, events in histories.items():
        yield from occurrences(events, other, like, failure.recorded.position)


def _present(
    station: Station,
    events: Sequence[ev.Recorded],
    failure: RecordedFailure | None,
    histories: dict[str, list[ev.Recorded]],
) -> Present:
    state = release.fold(events)
    usual_s = median_durations_s(histories.values()).get(state.phase) if state.phase else None
    return Present(station.instruments.now(), tuple(_health(station, state, failure)), usual_s, str(station.world.root))


def _health(station: Station, state: ReleaseState, failure: RecordedFailure | None) -> list[str]:
    """Check the service at fault of a halted release once, as verify does; where that cannot be, nothing is known."""
    if state.halt is None or failure is None or not failure.facts.services or is_copy(station.store):
        return []
    # Whatever an operator wants to have ended, it is not this look.
    world = dataclasses.replace(station.world, interruption=Interruption())
    try:
        return [
            line
            for service in services_to_look_at(state, state.halt.step or "")
            for line in (*container_lines(service, containers_now(world, service)), *endpoint_lines(world, service))
        ]
    except ReleasedError:
        return []
