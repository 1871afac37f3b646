"""The data of a service comes back in whatever state an attempt before, or a person, left its containers."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import msgspec
import pytest

from released.adapters.backups import sets
from released.adapters.docker.engine import DockerEngine
from released.adapters.interruption import Interruption
from released.domain import events as ev
from released.domain.failure import Failure
from released.domain.ids import Phase
from released.domain.releases.plan import BackupPolicy, Container, ServicePlan
from released.domain.revert.plan import ServiceReversal
from released.phases.restoring import restore_data
from released.phases.saving import set_dir_of
from support.docker_stack import ENGINE_URL, SERVE_FOREVER, DockerStack, docker_stack
from support.given_when_then import phase_done, requested, revert_plan, revert_requested, service, state_after

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from released.domain.releases.release import ReleaseState
    from released.phases.world import World

STAMP = "20260518_153012"


@dataclass(frozen=True)
class Attempt:
    """The slot of one attempt."""

    path: Path

    def say(self, text: str) -> None:
        """Leave the output alone."""


@dataclass(frozen=True)
class Scene:
    """A service with one container and one volume, of which a backup is there."""

    stack: DockerStack
    world: World
    image_id: str
    container: str
    volume: str
    slots: Path

    def service(self) -> ServicePlan:
        """Describe the service."""
        policy = BackupPolicy(("volume",), "none", (self.volume,))
        containers = (Container(f"{self.stack.prefix}-web"),)
        return msgspec.structs.replace(service("web"), containers=containers, backup=policy)

    def only_data(self) -> ServiceReversal:
        """Describe the way back of the service with ``--skip-git``: no image is brought back."""
        return ServiceReversal(self.service().name, self.service(), self.service(), backup=STAMP, restores=True)

    def kept_in(self, phase: Phase) -> ReleaseState:
        """Give a release on its way back that kept the service's image in a phase."""
        kept = ev.ImagesKept("web", {f"{self.stack.prefix}-web": self.image_id})
        there = phase_done(Phase.PREPARE, {"web.keep-images": kept} if phase is Phase.PREPARE else None)
        back = phase_done(Phase.REVERT, {"revert.web.keep-images": kept} if phase is Phase.REVERT else None)
        halted = ev.Halted(Phase.PREPARE, "failed", None, Failure("some_failure", "Something failed."))
        return state_after(requested(), *there, halted, revert_requested(revert_plan(target=None)), *back)

    def attempt(self, number: int) -> Attempt:
        """Make the slot of an attempt."""
        path = self.slots / str(number)
        path.mkdir(parents=True)
        return Attempt(path)

    def content(self) -> bytes:
        """Give all that the engine tells of the volume's content."""
        return b"".join(self.world.engine.read_volume(self.volume, self.image_id))


@pytest.fixture(name="scene")
def _scene(tmp_path: Path) -> Iterator[Scene]:
    with docker_stack() as stack:
        engine = DockerEngine(ENGINE_URL, stack.prefix)
        image, volume = stack.image(SERVE_FOREVER), stack.volume(f"{stack.prefix}-data")
        stack.run_to_end("echo kept > /v/kept", volumes={volume: "/v"})
        world = SimpleNamespace(engine=engine, interruption=Interruption(), state_dir=tmp_path, name=stack.prefix)
        scene = Scene(
            stack=stack,
            world=cast("World", world),
            image_id=engine.image_id(image) or "",
            container=stack.run(image, volumes={volume: "/v"}, name="web"),
            volume=volume,
            slots=tmp_path / "restore",
        )
        _back_up(scene)
        yield scene
        engine.close()


def _back_up(scene: Scene) -> None:
    set_dir = set_dir_of(scene.world, "web", STAMP)
    file = sets.write_volume(set_dir, scene.volume, scene.world.engine.read_volume(scene.volume, scene.image_id))
    sets.finish(set_dir, sets.BackupSet("web", STAMP, "1234", 1, "2026-05-18T15:30:12+00:00", (file,)))


@pytest.mark.parametrize("phase", [Phase.REVERT, Phase.PREPARE])
def test_data_alone_comes_back_after_the_service_lost_its_containers_and_its_volume(scene: Scene, phase: Phase) -> None:
    before = scene.content()
    facts = scene.world.engine.describe_volume(scene.volume)
    (scene.attempt(1).path / f"volume-{scene.volume}.json").write_bytes(msgspec.json.encode(facts))
    scene.world.engine.remove_container(scene.container)
    scene.stack.api.remove_volume(scene.volume)

    restore_data(scene.world, scene.kept_in(phase), scene.only_data()).perform(scene.attempt(2))

    assert scene.content() == before
