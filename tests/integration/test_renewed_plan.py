"""A fix that is taken up while a release is halted: what was changed already stays in the plan."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from released.adapters.commands.scripts import Scripts
from released.adapters.docker.engine import DockerEngine
from released.adapters.git.checkout import Git
from released.domain.configuration import Environment
from released.domain.errors import Refused
from released.domain.events import RunOptions
from released.domain.ids import Sha
from released.phases.planning.history import History
from released.phases.planning.preflight import plan_release
from released.phases.planning.request import Request
from released.phases.world import World
from support.docker_stack import ENGINE_URL
from support.given_when_then import TICKET
from support.ops_repo import OpsRepo

if TYPE_CHECKING:
    from pathlib import Path

    from released.domain.releases.plan import ReleasePlan

NOTHING_BEFORE = History(known_tickets=(), is_released=lambda _: False, last_deployed=None)
MANIFESTS = {f"packages/{name}/manifest.yaml": f"name: {name}\n" for name in ("db", "web")}


@dataclass(frozen=True)
class Scene:
    """A release of ``web`` that has moved the checkout."""

    world: World
    repo: OpsRepo
    base: Sha

    def renewed(self, *touched: str) -> ReleasePlan:
        """Plan anew, as a resume from prepare does."""
        return plan_release(self.world, Request(TICKET, RunOptions(), self.base, touched), NOTHING_BEFORE)


@pytest.fixture(name="halted")
def _halted(tmp_path: Path) -> Scene:
    repo = OpsRepo.create(tmp_path / "repos", {**MANIFESTS, "packages/web/index.html": "before\n"})
    base = Sha(repo.head())
    repo.commit({"packages/web/index.html": "bad\n"}, "A change of web")
    repo.git("pull", "--quiet")
    world = World(
        name="prod",
        settings=Environment.model_validate({"repo": str(repo.checkout)}),
        state_dir=tmp_path,
        git=Git(repo.checkout, "origin", "main"),
        engine=DockerEngine(ENGINE_URL, "prod"),
        scripts=Scripts(),
    )
    return Scene(world, repo, base)


def test_a_service_that_was_changed_stays_in_the_plan_although_the_fix_takes_its_change_back(halted: Scene) -> None:
    halted.repo.commit({"packages/web/index.html": "before\n", "packages/db/schema.sql": "new\n"}, "A fix")
    assert [service.name for service in halted.renewed("web").services] == ["db", "web"]


def test_a_service_that_was_not_changed_yet_leaves_the_plan_with_its_change(halted: Scene) -> None:
    halted.repo.commit({"packages/web/index.html": "before\n", "packages/db/schema.sql": "new\n"}, "A fix")
    assert [service.name for service in halted.renewed().services] == ["db"]


def test_a_fix_that_does_away_with_a_service_that_was_changed_is_refused(halted: Scene) -> None:
    halted.repo.commit(dict.fromkeys(("packages/web/index.html", "packages/web/manifest.yaml")), "A fix")
    with pytest.raises(Refused, match="web") as caught:
        halted.renewed("web")
    assert caught.value.code == "touched_service_gone"
