"""Steps that would have the same name: what is on record of one would count for the other."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import msgspec
import pytest

from released.adapters.commands.scripts import Scripts
from released.domain.configuration import Environment
from released.domain.errors import Refused
from released.domain.releases.plan import Executable
from released.phases.step_names import refuse_taken_names
from released.phases.world import World
from support.given_when_then import plan, service

if TYPE_CHECKING:
    from pathlib import Path

    from released.adapters.docker.engine import DockerEngine
    from released.adapters.git.checkout import Git
    from released.domain.releases.plan import ReleasePlan, ServicePlan


@pytest.fixture(name="world")
def _world(tmp_path: Path) -> World:
    """A world whose git and engine are not needed, because no step is performed."""
    return World(
        name="prod",
        settings=Environment.model_validate({"repo": str(tmp_path)}),
        state_dir=tmp_path,
        git=cast("Git", None),
        engine=cast("DockerEngine", None),
        scripts=Scripts(),
    )


def planned(*services: ServicePlan, scripts: tuple[str, ...] = ()) -> ReleasePlan:
    return msgspec.structs.replace(plan(scripts=scripts), services=services, verified=services)


def hooked(name: str, hook: str) -> ServicePlan:
    """Give a service with one hook."""
    executable = Executable(f"packages/{name}/scripts/{hook}", "d" * 40)
    return msgspec.structs.replace(service(name), pre_start_init=(executable,))


def test_services_with_the_same_hooks_and_a_script_are_told_apart(world: World) -> None:
    hook = "pre_start_init.10-a.sh"
    refuse_taken_names(world, planned(hooked("web", hook), hooked("front", hook), scripts=("1234-a.sh",)))


def test_a_hook_named_like_a_step_of_another_service_is_refused(world: World) -> None:
    with pytest.raises(Refused, match=r"name: web\.pre_start_init\.keep-images\.") as caught:
        refuse_taken_names(world, planned(hooked("web", "pre_start_init.keep-images"), service("web.pre_start_init")))
    assert caught.value.code == "step_name_taken"


def test_a_script_named_like_a_hook_is_refused(world: World) -> None:
    services = hooked("1234-a", "pre_start_init.sh")
    with pytest.raises(Refused, match=r"same name: 1234-a\.pre_start_init\.sh\.") as caught:
        refuse_taken_names(world, planned(services, scripts=("1234-a.pre_start_init.sh",)))
    assert caught.value.code == "step_name_taken"
