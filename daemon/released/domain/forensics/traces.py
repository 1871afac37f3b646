"""What each event of a release leaves for questions across releases: lines that can be searched, derived from the log.

A trace is a function of an event and the states before and after it; to derive it twice gives the same.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import NamedTuple

from released.domain import events as ev
from released.domain.ids import Phase
from released.domain.releases import lifecycle
from released.domain.releases.release import ReleaseState, required_reversal
from released.domain.revert.plan import ServiceReversal


class Origin(NamedTuple):
    """Where an event stands."""

    environment: str
    ticket: str
    run: int
    version: int
    position: int
    """In the whole log, which orders events of several tickets; the time only dates them."""
    at: dt.datetime


class Change(NamedTuple):
    """A ticket's latest run is in another state, or in another phase, from here on."""

    origin: Origin
    state: str


class Run(NamedTuple):
    """Where a run stands; each of its changes replaces the line before."""

    origin: Origin
    """Of the latest change."""
    started_at: dt.datetime
    ended_at: dt.datetime | None
    state: str
    by: str
    services: tuple[str, ...]


class Failed(NamedTuple):
    """A run halted."""

    origin: Origin
    code: str
    cause: str
    phase: str
    step: str


class Placement(NamedTuple):
    """A container was put in place, or removed; its image where the record knows it."""

    origin: Origin
    service: str
    container: str
    container_id: str
    """Empty: it was removed."""
    reference: str
    image_id: str
    digest: str


class StepTime(NamedTuple):
    """A step ended: how long it took from its intent on."""

    origin: Origin
    step: str
    seconds: float
    outcome: str


Trace = Change | Run | Failed | Placement | StepTime


def traces(environment: str, before: ReleaseState, recorded: ev.Recorded, after: ReleaseState) -> Iterator[Trace]:
    """Give what an event leaves; nothing where the ticket was never run yet."""
    if not after.run:
        return
    origin = Origin(environment, after.ticket, after.run, recorded.version, recorded.position, recorded.at)
    if (before.run, before.status, before.phase) != (after.run, after.status, after.phase):
        yield Change(origin, after.status)
        yield _run(origin, after)
    match recorded.event:
        case ev.Halted() as halted:
            yield Failed(origin, halted.failure.code, halted.cause, halted.phase, halted.step or "")
        case ev.StepSucceeded(step=step) | ev.StepFailed(step=step):
            yield from _timed(origin, after, step)
        case _:
            pass
    if isinstance(recorded.event, ev.StepSucceeded):
        yield from _placed(origin, after, recorded.event)


def _run(origin: Origin, state: ReleaseState) -> Run:
    services = state.plan.services if state.plan else ()
    return Run(
        origin=origin,
        started_at=state.started_at or origin.at,
        ended_at=origin.at if state.status in lifecycle.ENDED else None,
        state=state.status,
        by=state.started_by.name if state.started_by else "",
        services=tuple(service.name for service in services),
    )


def _timed(origin: Origin, state: ReleaseState, name: str) -> Iterator[StepTime]:
    step = state.steps[name]
    if step.started_at is not None:
        yield StepTime(origin, name, (origin.at - step.started_at).total_seconds(), step.status)


def _placed(origin: Origin, state: ReleaseState, event: ev.StepSucceeded) -> Iterator[Placement]:
    if isinstance(event.result, ev.Recreated):
        service = event.result.service
        for name, container_id in sorted(event.result.containers.items()):
            yield Placement(origin, service, name, container_id, *_image(state, service, name))
    elif state.is_way_back:
        for one in required_reversal(state).plan.services:
            if event.step == f"revert.{one.name}.remove":
                yield from (Placement(origin, one.name, name, "", "", "", "") for name in one.superfluous)


def _image(state: ReleaseState, service: str, container: str) -> tuple[str, str, str]:
    """Give reference, id and digest of the image that a new container runs, as far as the record knows."""
    if state.is_way_back:
        return _former_image(required_reversal(state).plan.services, service, container)
    ready = next((one for one in state.results(ev.ImageReady, Phase.MIGRATE) if one.service == service), None)
    return (ready.reference, ready.image_id, next(iter(ready.digests), "")) if ready else ("", "", "")


def _former_image(services: tuple[ServiceReversal, ...], service: str, container: str) -> tuple[str, str, str]:
    kept = (kept for one in services if one.name == service for kept in one.images if kept.container == container)
    return next(((one.reference, one.image_id, "") for one in kept), ("", "", ""))
