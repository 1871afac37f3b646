"""Holds a service's writers still while its volumes are read, and wakes them whatever happens (spec: backup.quiesce).

Which containers were stilled is on disk before the first one is, so that after a crash exactly those are woken: one
that was stopped already stays so, and prepare leaves what is deployed as it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from released.adapters.durability import sync_engine_data, write_durably
from released.domain.errors import StepFailed
from released.domain.releases.plan import ServicePlan
from released.phases.effects import Slot
from released.phases.projects import containers_now
from released.phases.world import World

_STILLED = "stilled"
"""Names, in the slot of an attempt, the containers that it holds still."""


@contextmanager
def held_still(world: World, service: ServicePlan, slot: Slot) -> Iterator[None]:
    """Stop or pause the service's running containers, as its manifest asks, for as long as the context lasts."""
    wake(world, slot)
    still = {"stop": world.engine.stop, "pause": world.engine.pause}.get(service.backup.quiesce)
    if still is None:
        yield
        return
    running = [one for one in containers_now(world, service) if one.state == "running"]
    write_durably(slot.path / _STILLED, "\n".join(one.id for one in running).encode())
    try:
        for one in world.interruption.heeded(running):
            slot.say(f"{service.backup.quiesce} {one.name}")
            still(one.id)
        yield
    finally:
        wake(world, slot)


def wake(world: World, slot: Slot) -> None:
    """Start again what this attempt of a step, or an earlier one that was cut off, held still.

    It is forgotten that they were held only once the engine's disk says that they run: after a power cut the engine
    would else know them as stopped on purpose, and nobody would start them.

    Raises:
        StepFailed: the engine would not let one of them run; the others do.
    """
    for record in slot.path.parent.glob(f"*/{_STILLED}"):
        refusals = [*_refusals(world, record.read_text().split())]
        sync_engine_data(world.engine.data_root())
        if refusals:
            raise refusals[0]
        record.unlink()


def _refusals(world: World, container_ids: Iterable[str]) -> Iterator[StepFailed]:
    """Wake each, and give what the engine refuses."""
    for container_id in container_ids:
        try:
            _wake(world, container_id)
        except StepFailed as failed:
            yield failed


def _wake(world: World, container_id: str) -> None:
    one = world.engine.container(container_id)
    if one is None:
        return
    if one.state == "paused":
        world.engine.unpause(one.id)
    elif one.state == "exited":
        world.engine.start(one.id)
