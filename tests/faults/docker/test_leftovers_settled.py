"""What an interrupted recreate left on a real engine is settled by Compose's labels; a stranger's is never touched."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest

from released.adapters.docker.engine import DockerEngine
from released.domain.errors import StepFailed
from released.phases.settling import settle_leftovers
from support.docker_stack import ENGINE_URL, DockerStack, docker_stack

if TYPE_CHECKING:
    from collections.abc import Iterator

    from released.phases.world import World
    from support.evidence import Evidence

pytestmark = pytest.mark.tier1

_LABELS = "com.docker.compose"


@dataclass(frozen=True)
class Scene:
    """A project with one service, ``web``."""

    stack: DockerStack
    world: World
    image: str

    @property
    def project(self) -> str:
        return f"{self.stack.prefix}-project"

    @property
    def name(self) -> str:
        return f"{self.stack.prefix}-web"

    def make(self, *, started: bool = True, labelled: bool = True, one_off: bool = False, name: str = "") -> str:
        """Make a container of the service; give its id."""
        labels = {f"{_LABELS}.project": self.project, f"{_LABELS}.service": "web", f"{_LABELS}.oneoff": str(one_off)}
        api = self.stack.api
        made: str = api.create_container(
            self.image,
            name=name or self.name,
            labels={**(labels if labelled else {}), "released.test": self.stack.prefix},
        )["Id"]
        if started:
            api.start(made)
        return made

    def set_aside(self, container: str) -> None:
        """Do what Compose does before it makes the new one."""
        self.stack.api.stop(container, timeout=1)
        self.stack.api.rename(container, f"{container[:12]}_{self.name}")

    def settle(self, *previous: str) -> None:
        settle_leftovers(self.world, self.project, ("web",), previous)

    def standing(self) -> dict[str, tuple[str, str]]:
        """Give id and state of what is there, by name without the prefix."""
        found = self.stack.api.containers(all=True, filters={"label": f"released.test={self.stack.prefix}"})
        return {one["Names"][0].removeprefix("/"): (one["Id"], one["State"]) for one in found}


@pytest.fixture(name="scene")
def _scene() -> Iterator[Scene]:
    with docker_stack() as stack:
        engine = DockerEngine(ENGINE_URL, stack.prefix)
        yield Scene(stack, cast("World", SimpleNamespace(engine=engine, name="prod")), stack.image())
        engine.close()


def test_an_old_container_that_was_set_aside_gets_its_name_back(scene: Scene, evidence: Evidence) -> None:
    """Row 31: Compose died before it made the new one."""
    old = scene.make()
    scene.set_aside(old)
    evidence.fired()

    scene.settle(old)

    assert scene.standing() == {scene.name: (old, "exited")}


def test_a_new_container_that_never_started_makes_way_for_the_old_one(scene: Scene, evidence: Evidence) -> None:
    """Row 31: Compose died before it started the new one."""
    old = scene.make()
    scene.set_aside(old)
    scene.make(started=False)
    evidence.fired()

    scene.settle(old)

    assert scene.standing() == {scene.name: (old, "exited")}


def test_an_old_container_goes_once_the_new_one_was_started(scene: Scene, evidence: Evidence) -> None:
    """Row 31: Compose died before it removed the old one, or a power cut brought that back."""
    old = scene.make()
    scene.set_aside(old)
    new = scene.make()
    evidence.fired()

    scene.settle(old)

    assert scene.standing() == {scene.name: (new, "running")}


def test_a_strangers_container_with_our_name_holds_everything_up(scene: Scene, evidence: Evidence) -> None:
    """Row 31: nothing is touched, neither theirs nor ours."""
    old = scene.make()
    scene.set_aside(old)
    scene.make(labelled=False)
    before = scene.standing()
    evidence.fired()

    with pytest.raises(StepFailed) as failed:
        scene.settle(old)

    assert (failed.value.as_failure().code, scene.standing()) == ("name_taken", before)
    assert f"{scene.name} was run by hand" in failed.value.as_failure().message


def test_a_container_that_somebody_ran_for_one_command_is_no_leftover(scene: Scene) -> None:
    standing = scene.make()
    one_off = scene.make(one_off=True, name=f"{scene.name}_run_1")
    before = scene.standing()

    scene.settle(standing, one_off)

    assert scene.standing() == before
