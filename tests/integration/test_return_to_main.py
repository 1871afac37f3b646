"""A request to return to the configured branch that comes again is answered by how the first one came out."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest

from released.adapters.commands.scripts import Scripts
from released.adapters.docker.engine import DockerEngine
from released.adapters.git.checkout import Git
from released.domain import events as ev
from released.domain.configuration import Environment
from released.domain.errors import ReleasedError
from released.domain.ids import RequestId
from released.engine import faults
from released.engine.answers import Answers
from released.engine.instruments import Instruments, id_of_request
from released.engine.return_to_main import ReturnToMain
from released.engine.selftest.unchallenged import Unchallenged
from released.phases.world import World
from released.store.event_store import NewEvent, StreamWrite
from support.docker_stack import ENGINE_URL
from support.given_when_then import ACTOR, BOOT, ENVIRONMENT
from support.hotfix import FILTERED, break_filter
from support.ops_repo import OpsRepo
from support.store import sqlite_store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from released.store.event_store import EventStore, Fence

FIRST = RequestId("request-1")
PLACE = ev.environment_stream(ENVIRONMENT)


@pytest.fixture(name="repo")
def _repo(tmp_path: Path) -> OpsRepo:
    """A checkout on a hotfix branch."""
    repo = OpsRepo.create(tmp_path / "repos")
    repo.git("switch", "--quiet", "--create", "hotfix")
    return repo


@pytest.fixture(name="store")
def _store(tmp_path: Path) -> Iterator[EventStore]:
    with sqlite_store(tmp_path / "released.db") as store:
        yield store


@pytest.fixture(name="fence")
def _fence(store: EventStore) -> Fence:
    return store.take_lease(ENVIRONMENT, "host-1", 1, BOOT, "0", dt.datetime.now(dt.UTC), ACTOR)


@pytest.fixture(name="returning")
def _returning(tmp_path: Path, repo: OpsRepo, store: EventStore, fence: Fence) -> ReturnToMain:
    world = World(
        name=ENVIRONMENT,
        settings=Environment.model_validate({"repo": str(repo.checkout)}),
        state_dir=tmp_path,
        git=Git(repo.checkout, "origin", "main"),
        engine=DockerEngine(ENGINE_URL, ENVIRONMENT),
        scripts=Scripts(),
    )
    answers = Answers(store, fence, Unchallenged(), world, Instruments())
    return ReturnToMain(answers, store, fence, Unchallenged(), world, Instruments(), faults.nothing)


def test_a_return_that_failed_is_not_said_to_be_done_when_it_is_asked_for_again(
    repo: OpsRepo, returning: ReturnToMain
) -> None:
    break_filter(repo.git)
    repo.commit(FILTERED, "Filter a file")
    with pytest.raises(ReleasedError) as failed:
        returning.go(FIRST, "", ACTOR)

    with pytest.raises(ReleasedError) as again:
        returning.go(FIRST, "", ACTOR)

    assert (again.value.code, again.value.message) == ("return_failed", failed.value.message)


def test_a_return_that_is_done_is_answered_alike_when_it_is_asked_for_again(
    repo: OpsRepo, returning: ReturnToMain
) -> None:
    answer = returning.go(FIRST, "", ACTOR)
    repo.git("switch", "--quiet", "hotfix")

    assert returning.go(FIRST, "", ACTOR) == answer
    assert repo.git("branch", "--show-current").strip() == "hotfix"


def test_a_return_that_a_daemon_began_and_never_ended_is_completed_by_the_next(
    repo: OpsRepo, store: EventStore, fence: Fence, returning: ReturnToMain
) -> None:
    head = repo.head()
    begun = NewEvent(id_of_request(ENVIRONMENT, FIRST), dt.datetime.now(dt.UTC), ACTOR, _started(head))
    store.append([StreamWrite(PLACE, len(store.read(PLACE)), (begun,))], fence)

    returning.complete()

    assert repo.git("branch", "--show-current").strip() == "main"
    assert store.read(PLACE)[-1].event == ev.ReturnEnded(FIRST)
    assert returning.go(FIRST, "", ACTOR) == begun.event


def _started(head: str) -> ev.ReturnStarted:
    return ev.ReturnStarted(FIRST, "hotfix", head, head, head)
