"""What a backup set says of itself holds for all that is in it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import msgspec

from released.adapters.backups import sets
from released.adapters.docker.engine import DockerEngine
from released.adapters.interruption import Interruption
from released.domain import events as ev
from released.domain.releases.plan import BackupPolicy, Container
from released.phases.saving import back_up, set_dir_of
from support.docker_stack import ENGINE_URL, SERVE_FOREVER, docker_stack
from support.given_when_then import requested, service, state_after

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from released.domain.releases.plan import ServicePlan
    from released.phases.world import World


@dataclass(frozen=True)
class Attempt:
    """The slot of one attempt."""

    path: Path

    def say(self, text: str) -> None:
        """Leave the output alone."""


class UnhurriedEngine(DockerEngine):
    """Takes until the next second to read a volume, and knows when it began."""

    began_at: dt.datetime

    def read_volume(self, volume: str, image_id: str) -> Generator[bytes, None, None]:
        self.began_at = _this_second()
        while _this_second() == self.began_at:
            pass
        yield from super().read_volume(volume, image_id)


def test_a_volume_that_is_named_in_two_ways_is_saved_once(tmp_path: Path) -> None:
    with docker_stack() as stack:
        engine = DockerEngine(ENGINE_URL, stack.prefix)
        volume = stack.volume(f"{stack.prefix}-data")
        stack.run(stack.image(SERVE_FOREVER), volumes={volume: "/v"}, name="web")
        world = _world(engine, tmp_path, stack.prefix, {"CONTAINER_PREFIX": f"{stack.prefix}-"})
        saved = back_up(world, state_after(requested()), _web(stack.prefix, volume, "data")).perform(Attempt(tmp_path))
        engine.close()

    assert isinstance(saved, ev.BackedUp)
    files = sets.verify(set_dir_of(world, "web", saved.stamp)).files
    assert [file.source for file in files] == [volume]


def test_a_backup_is_as_old_as_the_first_that_was_read_for_it(tmp_path: Path) -> None:
    with docker_stack() as stack:
        engine = UnhurriedEngine(ENGINE_URL, stack.prefix)
        volume = stack.volume(f"{stack.prefix}-data")
        stack.run(stack.image(SERVE_FOREVER), volumes={volume: "/v"}, name="web")
        world = _world(engine, tmp_path, stack.prefix, {})
        saved = back_up(world, state_after(requested()), _web(stack.prefix, volume)).perform(Attempt(tmp_path))
        engine.close()

    assert isinstance(saved, ev.BackedUp)
    found = sets.read_manifest(set_dir_of(world, "web", saved.stamp))
    assert dt.datetime.fromisoformat(found.created_at) <= engine.began_at


def _world(engine: DockerEngine, state_dir: Path, name: str, variables: dict[str, str]) -> World:
    world = SimpleNamespace(
        engine=engine, interruption=Interruption(), state_dir=state_dir, name=name, variables=lambda: variables
    )
    return cast("World", world)


def _web(prefix: str, *volumes: str) -> ServicePlan:
    """Describe a service that has its volumes backed up."""
    policy = BackupPolicy(("volume",), "none", volumes)
    return msgspec.structs.replace(service("web"), containers=(Container(f"{prefix}-web"),), backup=policy)


def _this_second() -> dt.datetime:
    return dt.datetime.now(dt.UTC).replace(microsecond=0)
