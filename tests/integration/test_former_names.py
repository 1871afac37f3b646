"""Two services that ran different images under one name each get their own back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import msgspec

from released.adapters.commands.scripts import Scripts
from released.adapters.docker.engine import DockerEngine
from released.domain.configuration import Environment
from released.domain.ids import ServiceName
from released.domain.revert.plan import KeptImage, ServiceReversal
from released.phases import revert
from released.phases.world import World
from support.docker_stack import ENGINE_URL, docker_stack
from support.given_when_then import revert_plan, revert_requested, service, state_after, whole_run

if TYPE_CHECKING:
    from pathlib import Path

    from released.adapters.git.checkout import Git
    from released.domain.releases.release import ReleaseState


@dataclass(frozen=True)
class Attempt:
    """The slot of one attempt."""

    path: Path

    def say(self, text: str) -> None:
        """Leave the output alone."""


def test_the_name_means_a_service_s_own_image_when_its_containers_are_made(tmp_path: Path) -> None:
    with docker_stack() as stack:
        name = f"{stack.prefix}/base:1"
        engine = DockerEngine(ENGINE_URL, stack.prefix)
        ids = {each: engine.image_id(stack.image(f"exit 0 # {each}", name="base")) or "" for each in ("db", "web")}
        for each, image_id in ids.items():
            engine.tag_image(image_id, f"{stack.prefix}/kept", each)
            stack.remove_later(f"{stack.prefix}/kept:{each}")
        world = World(
            name="prod",
            settings=Environment.model_validate({"repo": str(tmp_path)}),
            state_dir=tmp_path,
            git=cast("Git", None),
            engine=engine,
            scripts=Scripts(),
        )

        meant: dict[str, str | None] = {}
        for step in revert.steps(world, _taking_back(ids, name)):
            if step.name.endswith((".image", ".tag")):
                step.effect.perform(Attempt(tmp_path))
            elif step.name.endswith(".recreate"):
                meant[step.name.split(".")[1]] = engine.image_id(name)
        engine.close()

    assert meant == ids


def _taking_back(ids: dict[str, str], name: str) -> ReleaseState:
    """Give a release on its way back to these images of its services."""
    services = tuple(
        ServiceReversal(ServiceName(each), service(each), service(each), (KeptImage(each, image_id, name),))
        for each, image_id in ids.items()
    )
    plan = msgspec.structs.replace(revert_plan(ids), services=services)
    return state_after(*whole_run(), revert_requested(plan))
