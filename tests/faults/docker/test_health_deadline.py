"""A service that is never well, well only at times, or late: the monotonic clock says when patience ends."""

from __future__ import annotations

import time
from contextlib import closing, contextmanager
from dataclasses import dataclass
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import msgspec
import pytest

from released.adapters.docker.engine import DockerEngine
from released.adapters.interruption import Interruption
from released.domain.errors import StepFailed
from released.domain.releases.plan import Container, Health
from released.phases.health import wait_healthy
from support.docker_stack import ENGINE_URL, SERVE_FOREVER, DockerStack, docker_stack
from support.given_when_then import service

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from released.domain.releases.plan import ServicePlan
    from released.phases.world import World
    from support.evidence import Evidence

NEVER = "echo broken; exit 1"
LATE = "test -f /ready || { touch /ready; exit 1; }"
"""Well from the second look on."""
FLAPPING = (
    "test -f /third && exit 0; test -f /second && touch /third; test -f /first && touch /second; touch /first; exit 1"
)
"""Unwell for three looks, after two of which the engine calls it unhealthy, and well from then on."""


@dataclass(frozen=True)
class Scene:
    """An engine on which services are made."""

    stack: DockerStack
    engine: DockerEngine

    def service(self, healthcheck: str, timeout_s: float) -> ServicePlan:
        """Run a service of one container."""
        container = self.engine.container(self.stack.run(self.stack.image(SERVE_FOREVER), healthcheck=healthcheck))
        assert container is not None
        return msgspec.structs.replace(
            service("web"),
            containers=(Container(container.name, health_check=True),),
            health=Health(None, 200, timeout_s),
        )

    def wait(self, plan: ServicePlan, monotonic: Callable[[], float] = time.monotonic) -> None:
        """Wait until the service is well."""
        world = SimpleNamespace(
            engine=self.engine, interruption=Interruption(), monotonic=monotonic, mask=lambda text: text
        )
        wait_healthy(cast("World", world), plan, lambda _: None)

    def health(self, plan: ServicePlan) -> Any:  # noqa: ANN401 (JSON)
        """Give how the service is, with the last five looks at it."""
        return self.stack.api.inspect_container(plan.containers[0].name)["State"]["Health"]

    @contextmanager
    def called(self) -> Iterator[Iterator[str]]:
        """Give what the engine calls a service that is made in the context, one name after the other."""
        filters = {"label": f"released.test={self.stack.prefix}", "event": "health_status"}
        with closing(self.stack.api.events(filters=filters, decode=True)) as events:
            yield (event["status"].rpartition(" ")[2] for event in events)


@pytest.fixture(name="scene")
def _scene() -> Iterator[Scene]:
    with docker_stack() as stack:
        engine = DockerEngine(ENGINE_URL, stack.prefix)
        yield Scene(stack, engine)
        engine.close()


def test_a_service_that_is_never_well_fails_with_the_last_words_of_its_health_check(
    scene: Scene, evidence: Evidence
) -> None:
    """Row 33: once its patience is over."""
    plan = scene.service(NEVER, timeout_s=2.0)

    with pytest.raises(StepFailed) as failed:
        scene.wait(plan)

    evidence.fired()
    assert failed.value.as_failure().code == "unhealthy"
    assert "exit 1: broken" in failed.value.as_failure().evidence


@pytest.mark.tier1
@pytest.mark.parametrize(
    ("healthcheck", "called"), [(LATE, ["healthy"]), (FLAPPING, ["unhealthy", "healthy"])], ids=["late", "flapping"]
)
def test_a_service_that_becomes_well_in_time_is_waited_for(
    scene: Scene, evidence: Evidence, healthcheck: str, called: list[str]
) -> None:
    """Row 33: also one that the engine called unhealthy in between."""
    with scene.called() as names:
        plan = scene.service(healthcheck, timeout_s=100.0)
        scene.wait(plan)
        health = scene.health(plan)

        evidence.fired(sum(look["ExitCode"] != 0 for look in health["Log"]))
        assert health["Status"] == "healthy"
        assert [next(names) for _ in called] == called


def test_patience_ends_by_the_monotonic_clock(scene: Scene, evidence: Evidence) -> None:
    """Row 33: an hour on it is over at once, whatever the clock on the wall says."""
    plan = scene.service(NEVER, timeout_s=3600.0)
    readings = iter([0.0])

    with pytest.raises(StepFailed) as failed:
        scene.wait(plan, lambda: next(readings, 3601.0))

    evidence.fired()
    assert failed.value.as_failure().code == "unhealthy"
