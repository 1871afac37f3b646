"""What a restart of the host may have made of a service's containers, against what is on record of them (pure).

A power cut takes back what had not reached the disk: an old container that was removed is there again, a new one was
never started. And a container without a restart policy stays down.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

import msgspec

from released.domain import events as ev
from released.domain.ids import Phase
from released.domain.releases import leftovers
from released.domain.releases.plan import ServicePlan
from released.domain.releases.release import ReleaseState, required, required_reversal
from released.domain.releases.standing import Settlement, Standing, Verb

_RESURRECTED = "the release had replaced it, and the restart of the host brought it back"
_DOWN = "it did not run after the restart of the host"
_STILL = ("created", "exited")


class Recorded(msgspec.Struct, frozen=True):
    """What is on record of a service's containers."""

    service: str
    project: str
    compose_services: tuple[str, ...]
    names: frozenset[str]
    """That the Compose file gives to containers, and those of containers that were made."""
    required: frozenset[str]
    """Names of the containers that must run."""
    previous: tuple[str, ...]
    """Ids of those that were to be replaced."""
    made: Mapping[str, str]
    """Name to id of those that took their place; empty where that is not on record."""


class Verdict(msgspec.Struct, frozen=True):
    """What is to be done about a service, and what nothing can be done about."""

    settlements: tuple[Settlement, ...]
    missing: tuple[str, ...]


def recorded(state: ReleaseState) -> list[Recorded]:
    """Give what is on record of each service whose containers the release was about to replace, or has replaced."""
    phase = Phase.REVERT if state.is_way_back else Phase.MIGRATE
    plans = {str(one.name): one for one in _plans(state)}
    made = {one.service: one.containers for one in state.results(ev.Recreated, phase)}
    composed = [one for one in state.results(ev.Composed, phase) if one.service in plans]
    return [_of_service(one, plans[one.service], made.get(one.service, {})) for one in composed]


def well(state: ReleaseState) -> list[ServicePlan]:
    """Give the services that were healthy before, by the record."""
    front = "revert." if state.is_way_back else ""
    steps = {plan.name: state.step(f"{front}{plan.name}.healthy") for plan in _plans(state)}
    return [plan for plan in _plans(state) if (step := steps[plan.name]) and step.status == "succeeded"]


def done_again_in(state: ReleaseState) -> Phase:
    """Name the phase that makes anew what is missing: containers, or before any were made, what a backup held still."""
    if state.is_way_back:
        return Phase.REVERT
    return Phase.PREPARE if state.phase is Phase.PREPARE else Phase.MIGRATE


def decide(record: Recorded, found: Collection[Standing]) -> Verdict:
    """Settle what is ours, and name what is missing.

    Args:
        record: of a service.
        found: every container that carries the service's labels, in any state.
    """
    back = [one for one in found if _is_back(record, one, found)]
    rest = [one for one in found if one not in back]
    settled = (
        *(Settlement(Verb.REMOVE, one, _RESURRECTED) for one in back),
        *leftovers.settle(rest, record.previous),
    )
    gone = {one.container.id for one in settled if one.verb is Verb.REMOVE}
    staying = [one for one in rest if one.id not in gone]
    starts = tuple(Settlement(Verb.START, one, _DOWN) for one in staying if _must_start(record, one))
    return Verdict((*settled, *starts), tuple(_missing(record, staying)))


def _plans(state: ReleaseState) -> Sequence[ServicePlan]:
    if state.is_way_back:
        return [one.former for one in required_reversal(state).plan.services if one.former is not None]
    return required(state.plan).services


def _of_service(composed: ev.Composed, plan: ServicePlan, made: Mapping[str, str]) -> Recorded:
    return Recorded(
        composed.service,
        composed.project,
        composed.compose_services,
        frozenset((*composed.container_names, *made)),
        frozenset(one.name for one in plan.containers if one.required),
        composed.previous,
        made,
    )


def _is_back(record: Recorded, one: Standing, found: Collection[Standing]) -> bool:
    """Tell whether it was replaced by one that is there; while that is gone, an old container is all there is."""
    successor = record.made.get(one.own_name)
    return one.id in record.previous and any(other.id == successor for other in found)


def _must_start(record: Recorded, one: Standing) -> bool:
    """Tell whether the release made it and it has to run; one that a cut-off recreate never started is made anew."""
    is_ours = one.id in record.made.values() or (one.has_run and one.id not in record.previous)
    return is_ours and one.own_name in record.required and one.state in _STILL


def _missing(record: Recorded, staying: Collection[Standing]) -> Iterator[str]:
    ids = {one.own_name: one.id for one in staying}
    for name, made in sorted(record.made.items()):
        if name not in ids:
            yield f"{name} of {record.service}, which the release made, is gone"
        elif ids[name] != made:
            yield f"{name} of {record.service} is not the container that the release made"
