"""Looks around at the moment of a failure; whatever cannot be looked at is said and hides nothing else.

The halt is on record only once this is over, so it is so in bounded time, whatever hangs.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import TypeVar

import msgspec

from released.adapters.docker.containers import Running
from released.adapters.git.command import shown
from released.adapters.interruption import Interruption
from released.adapters.patience import Patience
from released.adapters.probes import http_answer
from released.domain import events as ev
from released.domain.playbooks.recorded_failure import services_to_look_at
from released.domain.releases.plan import ServicePlan
from released.domain.releases.release import ReleaseState
from released.domain.releases.surroundings import (
    LOG_CHARACTERS,
    MOST_CONTAINERS,
    MOST_PATHS,
    MOST_PORTS,
    PROBE_CHARACTERS,
    ContainerSeen,
    Probed,
    Surroundings,
)
from released.phases.projects import containers_now
from released.phases.world import World

_PROBE_S = 2.0
_ALTOGETHER_S = 15.0
"""How long a look around may take."""

T = TypeVar("T")


def witnessed(world: World, state: ReleaseState, halted: ev.Halted) -> ev.Halted:
    """Add to a halt how things stand at this moment."""
    seen = look_around(world, services_to_look_at(state, halted.step or ""))
    return msgspec.structs.replace(halted, surroundings=seen)


def look_around(world: World, services: Sequence[ServicePlan]) -> Surroundings:
    """Take note of how things stand, secrets masked.

    Args:
        world: the environment.
        services: whose containers and endpoints are looked at.
    """
    looking = _Looking(world)
    engine = looking.at("the engine", lambda: world.engine.version(), "")  # noqa: PLW0108 (finding the method may fail)
    checkout = looking.at("the checkout", lambda: world.git.heeding(looking.patience.over).state(), None)
    return Surroundings(
        containers=tuple(looking.containers(services)) if engine else (),
        probes=tuple(looking.probes(services)),
        head=checkout.head if checkout else "",
        branch=(checkout.branch or "") if checkout else "",
        changed_paths=tuple(one.path for one in checkout.dirty[:MOST_PATHS]) if checkout else (),
        free_bytes=dict(looking.free_bytes()),
        engine=engine,
        unseen=tuple(looking.unseen),
    )


class _Looking:
    def __init__(self, world: World) -> None:
        self._world = world
        self.patience = Patience(_ALTOGETHER_S)
        self.unseen: list[str] = []

    def at(self, what: str, look: Callable[[], T], instead: T) -> T:
        """Look; where that fails, whatever the reason, say so: it must not keep the halt from the record."""
        try:
            return self.patience.look(look)
        except Exception as error:  # noqa: BLE001 (see above)
            self.unseen.append(shown(self._world.mask(f"{what}: {error}")[:PROBE_CHARACTERS]))
            return instead

    def containers(self, services: Iterable[ServicePlan]) -> Iterator[ContainerSeen]:
        """Look at the containers that exist."""
        nothing: list[Running] = []
        found: list[Running] = []
        for service in services:
            look = partial(containers_now, self._world, service)
            found += self.at(f"the containers of {service.name}", look, nothing)
        yield from (self._container(one) for one in found[:MOST_CONTAINERS])

    def _container(self, one: Running) -> ContainerSeen:
        engine, mask = self._world.engine, self._world.mask
        log = self.at(f"the log of {one.name}", lambda: engine.logs_tail(one.id, mask, LOG_CHARACTERS), "")
        health_log = self.at(f"the health log of {one.name}", lambda: engine.health_log(one.id), "")
        return ContainerSeen(
            name=one.name,
            state=one.state,
            health=one.health,
            image=one.image_ref,
            exit_code=one.exit_code,
            oom_killed=one.oom_killed,
            ports=one.ports[:MOST_PORTS],
            log=log,
            health_log=mask(health_log)[-LOG_CHARACTERS:],
        )

    def probes(self, services: Iterable[ServicePlan]) -> Iterator[Probed]:
        """Ask the endpoints once."""
        for service in services:
            if service.health.endpoint is not None:
                look = partial(self._probe, service, service.health.endpoint)
                yield self.at(f"the endpoint of {service.name}", look, Probed(service.name, service.health.endpoint, 0))

    def _probe(self, service: ServicePlan, url: str) -> Probed:
        # An interruption of its own: the wish to have the step ended is no reason to look at less.
        answer = http_answer(url, _PROBE_S, Interruption(), PROBE_CHARACTERS * 4)
        return Probed(service.name, url, answer.code, self._world.mask(answer.said)[:PROBE_CHARACTERS])

    def free_bytes(self) -> Iterator[tuple[str, int]]:
        """Tell what is free on the disks of the checkout and of backups and output."""
        for folder in dict.fromkeys((str(self._world.root), str(self._world.state_dir))):
            free = self.at(f"the disk of {folder}", partial(_free, folder), None)
            if free is not None:
                yield folder, free


def _free(folder: str) -> int | None:
    return shutil.disk_usage(folder).free
