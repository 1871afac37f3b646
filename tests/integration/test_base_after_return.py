"""After a return from a hotfix branch changes count from what is deployed, until a release was made from there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from released.adapters.commands.scripts import Scripts
from released.adapters.docker.engine import DockerEngine
from released.adapters.git.checkout import Git
from released.domain import events as ev
from released.domain.configuration import Environment
from released.domain.events import RunOptions
from released.domain.ids import Sha
from released.phases.planning.commit_range import find_range
from released.phases.planning.history import History
from released.phases.planning.request import Request
from released.phases.world import World
from support.docker_stack import ENGINE_URL
from support.given_when_then import TICKET, place_after
from support.ops_repo import OpsRepo

if TYPE_CHECKING:
    from pathlib import Path

    from released.domain.environments.environment import EnvironmentState


@dataclass(frozen=True)
class Scene:
    """A checkout that went back to ``main`` while a hotfix without a merge is deployed."""

    world: World
    hotfix: Sha
    head: Sha

    def base(self, place: EnvironmentState, last_deployed: Sha) -> Sha:
        """Give the commit from which the next run counts its changes."""
        history = History((), lambda _: False, last_deployed, returned=place.returned)
        return find_range(self.world, Request(TICKET, RunOptions()), history).base

    def returned(self, *since: ev.Event) -> EnvironmentState:
        """Fold the environment's events: the return, and what came after it."""
        started = ev.ReturnStarted("request-0", "hotfix", self.hotfix, self.head, self.hotfix, "not merged")
        return place_after(started, ev.ReturnEnded("request-0"), *since)


@pytest.fixture(name="scene")
def _scene(tmp_path: Path) -> Scene:
    repo = OpsRepo.create(tmp_path / "repos")
    head = Sha(repo.head())
    repo.git("switch", "--quiet", "--create", "hotfix")
    repo.git("commit", "--quiet", "--allow-empty", "-m", "A hotfix")
    hotfix = Sha(repo.head())
    repo.git("switch", "--quiet", "main")
    repo.commit({"a.txt": "new\n"}, "A change")
    world = World(
        name="prod",
        settings=Environment.model_validate({"repo": str(repo.checkout)}),
        state_dir=tmp_path,
        git=Git(repo.checkout, "origin", "main"),
        engine=DockerEngine(ENGINE_URL, "prod"),
        scripts=Scripts(),
    )
    return Scene(world, hotfix, head)


def test_changes_count_from_the_hotfix_that_is_deployed(scene: Scene) -> None:
    assert scene.base(scene.returned(), scene.hotfix) == scene.hotfix


def test_a_release_that_was_given_up_before_it_moved_anything_does_not_change_that(scene: Scene) -> None:
    place = scene.returned(ev.LockTaken(TICKET, 1), ev.LockFreed(TICKET, 1))
    assert scene.base(place, scene.hotfix) == scene.hotfix


def test_once_the_commit_of_the_return_is_released_changes_count_from_there(scene: Scene) -> None:
    place = scene.returned(ev.LockTaken(TICKET, 1), ev.LockFreed(TICKET, 1))
    assert scene.base(place, scene.head) == scene.head
