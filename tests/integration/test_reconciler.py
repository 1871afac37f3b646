"""After a restart of the host what a backup held still runs again, and a service that was well is waited for."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import msgspec
import pytest

from released.adapters.docker.engine import DockerEngine
from released.adapters.interruption import Interruption
from released.domain import events as ev
from released.domain.errors import StepFailed
from released.domain.ids import Phase
from released.domain.releases.plan import Container, Health
from released.engine import reconciler
from released.engine.slots import attempt_slot
from released.phases.quiesce import held_still
from support.docker_stack import ENGINE_URL, SERVE_FOREVER, DockerStack, docker_stack
from support.given_when_then import (
    BOOT,
    plan,
    prepared,
    requested,
    service,
    started,
    state_after,
    step_begun,
    step_done,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from released.domain.releases.plan import ReleasePlan, ServicePlan
    from released.domain.releases.release import ReleaseState
    from released.phases.world import World

NEXT = "boot-2"
GIT = SimpleNamespace(broken_objects=list, state=lambda: SimpleNamespace(dirty=()))
"""A checkout that is as the record says."""


class Scene:
    """``web`` is one container."""

    def __init__(self, stack: DockerStack, state_dir: Path) -> None:
        self.stack = stack
        self.engine = DockerEngine(ENGINE_URL, stack.prefix)
        self.project = stack.project()
        labels = {"com.docker.compose.project": self.project, "com.docker.compose.service": "web"}
        self.container = stack.run(stack.image(SERVE_FOREVER), healthcheck="exit 1", labels=labels)
        found = self.engine.container(self.container)
        assert found is not None
        self.name = found.name
        self.world = cast(
            "World",
            SimpleNamespace(
                name="prod",
                state_dir=state_dir,
                engine=self.engine,
                git=GIT,
                interruption=Interruption(),
                monotonic=iter([0.0, *[1.0] * 99]).__next__,
                mask=lambda text: text,
            ),
        )

    @property
    def plan(self) -> ReleasePlan:
        """Give the plan of a release of ``web``, whose patience is over at once."""
        return msgspec.structs.replace(plan(), services=(self.service,))

    @property
    def service(self) -> ServicePlan:
        """Describe ``web``."""
        described = msgspec.structs.replace(service("web"), containers=(Container(self.name, health_check=True),))
        backup = msgspec.structs.replace(described.backup, kinds=("volume",), quiesce="stop")
        return msgspec.structs.replace(described, health=Health(timeout_s=0.0), backup=backup)

    def recreated(self, *more: ev.Event) -> ReleaseState:
        """Give a release that has made the container."""
        composed = ev.Composed("web", self.project, "v1", ("web",), ("f" * 64,), (self.name,))
        made = ev.Recreated("web", {self.name: self.container})
        return state_after(
            requested(self.plan),
            *prepared(),
            started(Phase.MIGRATE, "web.compose", "web.recreate", "web.healthy"),
            *step_done("web.compose", composed),
            *step_done("web.recreate", made),
            *more,
        )

    def break_start(self) -> None:
        """Stop the container, and take away a network of its, so that the engine will not start it."""
        network = self.stack.api.create_network(self.stack.prefix, labels={"released.test": self.stack.prefix})["Id"]
        self.stack.api.connect_container_to_network(self.container, network)
        self.engine.stop(self.container)
        self.stack.api.remove_network(network)

    def hold_still(self) -> ReleaseState:
        """Stop the container for a backup that is then cut off."""
        state = state_after(requested(self.plan), started(Phase.PREPARE, "web.backup"), step_begun("web.backup"))
        slot = attempt_slot(self.world, state, "web.backup", 1)
        slot.path.mkdir(parents=True)
        self.holding = held_still(self.world, self.service, slot)  # kept: what is collected is left, and wakes them
        self.holding.__enter__()
        return state

    def state(self) -> str:
        """Give the state of the container."""
        found = self.engine.container(self.container)
        return found.state if found else "gone"


@pytest.fixture(name="scene")
def _scene(tmp_path: Path) -> Iterator[Scene]:
    with docker_stack() as stack:
        scene = Scene(stack, tmp_path)
        yield scene
        scene.engine.close()


def test_writers_that_a_backup_held_still_run_again(scene: Scene) -> None:
    state = scene.hold_still()
    held = scene.state()

    reconciler.reconcile(scene.world, state, NEXT)

    assert (held, scene.state()) == ("exited", "running")


def test_a_container_that_the_restart_stopped_is_started_and_that_is_on_record(scene: Scene) -> None:
    scene.engine.stop(scene.container)

    told = reconciler.reconcile(scene.world, scene.recreated(), NEXT)

    assert scene.state() == "running"
    assert told == ev.Reconciled(NEXT, (f"{scene.name} was started: it did not run after the restart of the host",))


def test_a_container_that_the_engine_will_not_start_is_missing(scene: Scene) -> None:
    scene.break_start()

    told = reconciler.reconcile(scene.world, scene.recreated(), NEXT)

    (missing,) = told.missing
    assert missing.startswith(f"{scene.name} could not be started: The Docker engine at ")


def test_writers_that_the_engine_will_not_start_are_missing(scene: Scene) -> None:
    state = scene.hold_still()
    scene.break_start()

    told = reconciler.reconcile(scene.world, state, NEXT)

    (missing,) = told.missing
    assert missing.startswith("what web.backup held still does not run again: The Docker engine at ")


def test_a_comparison_that_is_repeated_finds_nothing_to_do(scene: Scene) -> None:
    reconciler.reconcile(scene.world, scene.recreated(), NEXT)

    assert reconciler.reconcile(scene.world, scene.recreated(), NEXT) == ev.Reconciled(NEXT)


def test_a_container_that_is_gone_is_named_with_what_makes_it_anew(scene: Scene) -> None:
    scene.engine.remove_container(scene.container)
    state = scene.recreated()

    with pytest.raises(StepFailed) as failed:
        reconciler.require_all(scene.world, state, reconciler.reconcile(scene.world, state, NEXT))

    failure = failed.value.as_failure()
    assert failure.code == "effect_missing"
    assert f"{scene.name} of web, which the release made, is gone" in failure.message
    assert "have phase migrate done again" in failure.message
    assert failure.next[0].argv[:5] == ("releasectl", "resume", state.ticket, "--from", "migrate")


def test_a_service_that_was_well_and_is_not_any_more_is_not_gone_on_with(scene: Scene) -> None:
    state = scene.recreated(*step_done("web.healthy", ev.Checked(("✓",))))

    with pytest.raises(StepFailed) as failed:
        reconciler.require_all(scene.world, state, reconciler.reconcile(scene.world, state, NEXT))

    assert failed.value.as_failure().code == "unhealthy"


def test_a_service_that_was_not_well_yet_is_left_to_its_step(scene: Scene) -> None:
    state = scene.recreated()

    reconciler.require_all(scene.world, state, reconciler.reconcile(scene.world, state, NEXT))


@pytest.mark.parametrize(("boot_id", "due"), [(BOOT, False), (NEXT, True)])
def test_it_is_due_once_the_host_was_restarted(boot_id: str, *, due: bool) -> None:
    state = state_after(requested(), started(Phase.PREPARE, "a"), step_begun("a"))

    assert reconciler.is_due(state, boot_id) is due
