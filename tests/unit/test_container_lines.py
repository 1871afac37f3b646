"""What is said of a service's containers, one line each."""

from __future__ import annotations

import pytest

from released.adapters.docker.containers import Running
from released.domain.ids import ServiceName
from released.domain.releases.plan import BackupPolicy, Container, Health, ServicePlan
from released.phases.health import container_lines


def _service(*, required: bool = True) -> ServicePlan:
    return ServicePlan(
        name=ServiceName("wiki"),
        display_name="Wiki",
        priority=50,
        depends_on=(),
        stateful=False,
        folder="packages/wiki",
        image=None,
        containers=(Container("prod-wiki", required=required, health_check=True),),
        health=Health(),
        backup=BackupPolicy(),
        compose_file=None,
    )


def _running(state: str = "running", health: str = "healthy") -> Running:
    return Running("id", "prod-wiki", "sha256:1", "wiki:1", state, health, 0, 137, "", "", "wiki", "wiki")


@pytest.mark.parametrize(
    ("found", "line"),
    [
        ([_running()], "✓ wiki.healthy: prod-wiki"),
        ([_running(health="")], "✓ wiki.running: prod-wiki"),
        ([_running(health="unhealthy")], "✗ wiki.healthy: unhealthy"),
        ([_running(health="starting")], "✗ wiki.healthy: unhealthy (still starting)"),
        ([_running(state="exited", health="unhealthy")], "✗ wiki.running: prod-wiki is exited (exit code 137)"),
        ([], "✗ wiki.running: prod-wiki does not exist"),
    ],
)
def test_a_container_is_judged_in_the_words_that_playbooks_look_for(found: list[Running], line: str) -> None:
    assert container_lines(_service(), found) == [line]


def test_a_container_that_is_not_required_may_be_absent() -> None:
    assert container_lines(_service(required=False), []) == []
