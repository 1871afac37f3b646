"""Answers of the past: an environment, its releases and its services as the record knows that they were then."""

from __future__ import annotations

import datetime as dt
from itertools import groupby

from google.protobuf.timestamp_pb2 import Timestamp

from released.api import convert, requests
from released.domain.environments.environment import EnvironmentState
from released.domain.errors import InvalidInput
from released.domain.forensics.moment import Moment
from released.domain.ids import Ticket, parse_ticket
from released.domain.releases.outcome import Outcome
from released.domain.releases.release import ReleaseState
from released.engine.past import Past
from released.engine.station import Station
from released.store.exported_copy import is_copy
from released.store.history_queries import Placed
from releasepb.v1 import releases_pb2 as pb

_NOTHING_TO_TYPE = Outcome(0, "")
"""What could be typed then is no advice for now."""


def release(station: Station, request: pb.GetReleaseRequest) -> pb.Release:
    """Show where a ticket stood.

    Raises:
        InvalidInput: the ticket's name or the moment is none.
        NotFound: it was not run by then.
    """
    state = _past(station).release(parse_ticket(request.ticket), moment(request.at))
    return convert.release(state, station.name, _NOTHING_TO_TYPE)


def releases(station: Station, at: Timestamp, state: str | None, limit: int) -> list[pb.ReleaseSummary]:
    """List where tickets stood, the one that changed last first."""
    return [convert.summary(one) for one in _past(station).releases(_passed(at), limit, state)]


def environment(station: Station, at: Timestamp) -> pb.Environment:
    """Show who occupied the environment, and what releases had put in place."""
    when, past, settings = _passed(at), _past(station), station.world.settings
    state = past.environment(when)
    hold, lock = state.hold_at(when), state.lock
    active = past.release(Ticket(lock.ticket), when) if lock else None
    latest = next(iter(past.releases(when, 1)), None)
    return pb.Environment(
        name=station.name,
        lock_ticket=lock.ticket if lock else "",
        lock_run=lock.run if lock else 0,
        lock_since=convert.timestamp(lock.since) if lock else None,
        lock_by=lock.actor.name if lock else "",
        repo="" if is_copy(station.store) else str(settings.repo),
        read_only=convert.read_only(station.store.read_only) if is_copy(station.store) else None,
        branch=settings.branch,
        head=_head(state, latest),
        checkout_branch=_branch(state, latest) or settings.branch,
        epoch=state.lease.epoch if state.lease else 0,
        active=convert.summary(active) if active else None,
        standstill=convert.standstill(active.standstill) if active else None,
        services=services(station, at, None),
        hold_reason=hold.reason if hold else "",
        hold_by=hold.actor.name if hold else "",
        hold_since=convert.timestamp(hold.since) if hold else None,
        hold_until=convert.timestamp(hold.until) if hold else None,
    )


def services(station: Station, at: Timestamp, name: str | None) -> list[pb.ServiceStatus]:
    """List the services that releases had put in place, or one of them."""
    placed = _past(station).placed(_passed(at), name)
    return [_service(service, list(found)) for service, found in groupby(placed, key=lambda one: one.service)]


def moment(given: pb.Moment) -> Moment:
    """Accept a moment in the past.

    Raises:
        InvalidInput: it is none.
    """
    match given.WhichOneof("moment"):
        case "time":
            return _passed(given.time)
        case "event":
            return given.event
        case _:
            raise InvalidInput("time_invalid", "Expected a time or the number of an event.")


def _passed(at: Timestamp) -> dt.datetime:
    return requests.moment(at)


def _past(station: Station) -> Past:
    return Past(station.store, station.name)


def _head(place: EnvironmentState, latest: ReleaseState | None) -> str:
    """Name the commit at which the checkout was left: by a release, or by the return from a hotfix branch after it."""
    if place.returned is not None and _has_returned(place, latest):
        return place.returned.head
    return latest.head if latest else ""


def _branch(place: EnvironmentState, latest: ReleaseState | None) -> str:
    """Name the hotfix branch on which a release had left the checkout; empty where it was the usual one."""
    return latest.plan.branch if latest and latest.plan and not _has_returned(place, latest) else ""


def _has_returned(place: EnvironmentState, latest: ReleaseState | None) -> bool:
    changed = latest.changed_at if latest else None
    return place.returned is not None and (changed is None or place.returned.at > changed)


def _service(name: str, placed: list[Placed]) -> pb.ServiceStatus:
    containers = [
        pb.ContainerStatus(name=one.container, id=one.container_id[:12], state="placed", image=one.reference)
        for one in placed
    ]
    return pb.ServiceStatus(name=name, display_name=name, image=placed[0].reference, containers=containers)
