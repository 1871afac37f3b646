"""Settles what an interrupted recreate, or a restart of the host, left of a service's containers."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence

from released.adapters.docker.containers import Running
from released.domain.releases import leftovers
from released.domain.releases.standing import Settlement, Standing, Verb
from released.phases.ownership import refuse_strangers
from released.phases.world import World

logger = logging.getLogger(__name__)


def own_containers(world: World, project: str, services: Sequence[str]) -> list[Running]:
    """List the containers that a service consists of, and what is left of others; none that ``run`` made besides."""
    return [one for one in world.engine.containers_of(project, services) if not one.is_one_off]


def standing(found: Iterable[Running]) -> list[Standing]:
    """Give what decisions need to know of containers."""
    return [Standing(one.id, one.name, one.service, one.state, is_replacement=one.is_replacement) for one in found]


def settle_leftovers(world: World, project: str, services: Sequence[str], previous: Sequence[str]) -> None:
    """Settle what an earlier recreate left, so that the next one meets one container per name.

    Raises:
        StepFailed: ``name_taken``: somebody else has the name of one of them; nothing was touched.
    """
    found = standing(own_containers(world, project, services))
    for said in carry_out(world, project, leftovers.settle(found, previous)):
        logger.info("%s: %s", world.name, said)


def carry_out(world: World, project: str, settlements: Sequence[Settlement]) -> list[str]:
    """Do what was decided about a project's containers; say each in a sentence.

    Raises:
        StepFailed: ``name_taken``: somebody else has the name of one of them; nothing was touched.
    """
    put_back = [one.container.own_name for one in settlements if one.verb is Verb.PUT_BACK]
    refuse_strangers(world, put_back, (project,))
    return [_settle(world, one) for one in settlements]


def _settle(world: World, settlement: Settlement) -> str:
    one = settlement.container
    match settlement.verb:
        case Verb.REMOVE:
            world.engine.remove_container(one.id)
            return f"{one.name} was removed: {settlement.why}"
        case Verb.PUT_BACK:
            world.engine.rename(one.id, one.own_name)
            return f"{one.name} is {one.own_name} again: {settlement.why}"
        case Verb.START:
            world.engine.start(one.id)
            return f"{one.own_name} was started: {settlement.why}"
