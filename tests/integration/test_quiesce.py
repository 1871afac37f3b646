"""Writers that are held still for a backup are woken, also after a crash; what was stopped before stays so."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import msgspec
import pytest

from released.adapters.docker.engine import DockerEngine
from released.adapters.interruption import Interruption
from released.domain.errors import StepFailed
from released.domain.releases.plan import BackupPolicy, Container, ServicePlan
from released.phases.quiesce import held_still, wake
from support.docker_stack import ENGINE_URL, SERVE_FOREVER, docker_stack
from support.given_when_then import service
from support.simulated_phases import FAST_FORWARD
from support.simulated_world import Death
from support.simulation import Place, Simulation

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from released.phases.world import World


@dataclass(frozen=True)
class Attempt:
    """The slot of one attempt."""

    path: Path

    def say(self, text: str) -> None:
        """Leave the output alone."""


@dataclass(frozen=True)
class Scene:
    """A service with one container that runs and one that was stopped by somebody."""

    world: World
    runs: str
    stopped: str
    attempts: Path

    def service(self, quiesce: str) -> ServicePlan:
        """Describe the service."""
        names = [one.name for each in (self.runs, self.stopped) if (one := self.world.engine.container(each))]
        return msgspec.structs.replace(
            service("web"),
            containers=tuple(Container(name) for name in names),
            backup=BackupPolicy(("volume",), quiesce, ("data",)),
        )

    def attempt(self, number: int) -> Attempt:
        """Make the slot of an attempt."""
        path = self.attempts / str(number)
        path.mkdir()
        return Attempt(path)

    def states(self) -> tuple[str, str]:
        """Give the state of the container that ran, and of the one that was stopped."""
        found = [self.world.engine.container(each) for each in (self.runs, self.stopped)]
        return cast("tuple[str, str]", tuple(one.state if one else "gone" for one in found))


@pytest.fixture(name="scene")
def _scene(tmp_path: Path) -> Iterator[Scene]:
    with docker_stack() as stack:
        engine = DockerEngine(ENGINE_URL, stack.prefix)
        image = stack.image(SERVE_FOREVER)
        runs, stopped = stack.run(image), stack.run(image)
        engine.stop(stopped)
        yield Scene(cast("World", SimpleNamespace(engine=engine, interruption=Interruption())), runs, stopped, tmp_path)
        engine.close()


@pytest.mark.parametrize(("quiesce", "state"), [("stop", "exited"), ("pause", "paused"), ("none", "running")])
def test_writers_are_held_as_the_manifest_asks_and_run_again_afterwards(scene: Scene, quiesce: str, state: str) -> None:
    with held_still(scene.world, scene.service(quiesce), scene.attempt(1)):
        assert scene.states() == (state, "exited")

    assert scene.states() == ("running", "exited")


def test_a_backup_that_is_interrupted_while_writers_are_held_wakes_them(scene: Scene) -> None:
    with pytest.raises(StepFailed), held_still(scene.world, scene.service("stop"), scene.attempt(1)):
        _interrupted(scene)

    assert scene.states() == ("running", "exited")


def test_no_writer_is_held_still_for_a_backup_that_is_to_end(scene: Scene) -> None:
    scene.world.interruption.ask()
    with pytest.raises(StepFailed), held_still(scene.world, scene.service("stop"), scene.attempt(1)):
        pass

    assert scene.states() == ("running", "exited")


def test_a_crash_while_writers_are_held_wakes_those_and_no_others(scene: Scene) -> None:
    attempt = scene.attempt(1)
    holding = held_still(scene.world, scene.service("stop"), attempt)  # kept: what is collected is left, and wakes them
    holding.__enter__()
    held = scene.states()

    wake(scene.world, attempt)

    assert (held, scene.states()) == (("exited", "exited"), ("running", "exited"))


def test_another_attempt_wakes_what_the_one_before_left_behind(scene: Scene) -> None:
    holding = held_still(scene.world, scene.service("pause"), scene.attempt(1))
    holding.__enter__()
    held = scene.states()

    with held_still(scene.world, scene.service("none"), scene.attempt(2)):
        assert (held, scene.states()) == (("paused", "exited"), ("running", "exited"))


def test_a_release_that_a_new_daemon_halts_leaves_no_writer_held_still(scene: Scene, tmp_path: Path) -> None:
    life = Simulation(tmp_path).live()
    moment = next(moment for moment in life.moments if moment.place == Place("after-intent", FAST_FORWARD))
    crashed = moment.after(Death.DAEMON, on_restart="halt")
    crashed.engine = scene.world.engine
    slot = crashed.slot(FAST_FORWARD)
    slot.mkdir(parents=True)
    holding = held_still(scene.world, scene.service("stop"), Attempt(slot))
    holding.__enter__()
    held = scene.states()

    crashed.live()

    assert (held, scene.states()) == (("exited", "exited"), ("running", "exited"))


def _interrupted(scene: Scene) -> None:
    scene.world.interruption.ask()
    scene.world.interruption.check()
