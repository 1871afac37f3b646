"""Commits that a revert holds as bad, whatever became of the ticket since: they do not come back unasked."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from released.adapters.commands.scripts import Scripts
from released.adapters.docker.engine import DockerEngine
from released.adapters.git.checkout import Git
from released.domain import events as ev
from released.domain.configuration import Environment
from released.domain.errors import Refused
from released.domain.events import RunOptions
from released.domain.ids import Phase, Sha, Ticket
from released.engine.record import EnvironmentRecord
from released.phases.planning.commit_range import find_range
from released.phases.planning.history import HeldCommits, History
from released.phases.planning.request import Request
from released.phases.world import World
from released.store.projections import Projector
from released.store.release_list import ReleaseList
from support.docker_stack import ENGINE_URL
from support.given_when_then import (
    BASE,
    ENVIRONMENT,
    MERGE,
    REQUEST,
    TICKET,
    halted,
    nothing_to_do,
    requested,
    started,
    whole_revert,
    whole_run,
)
from support.ops_repo import OpsRepo
from support.store import sqlite_store, write

if TYPE_CHECKING:
    from pathlib import Path

OTHER = Ticket("77")
NOTHING_BEFORE = History(known_tickets=(), is_released=lambda _: False, last_deployed=None)


@pytest.fixture(name="repo")
def _repo(tmp_path: Path) -> OpsRepo:
    return OpsRepo.create(tmp_path / "repos")


@pytest.fixture(name="world")
def _world(tmp_path: Path, repo: OpsRepo) -> World:
    return World(
        name="prod",
        settings=Environment.model_validate({"repo": str(repo.checkout)}),
        state_dir=tmp_path,
        git=Git(repo.checkout, "origin", "main"),
        engine=DockerEngine(ENGINE_URL, "prod"),
        scripts=Scripts(),
    )


def test_commits_that_two_runs_of_a_ticket_brought_are_named_once_and_none_is_lost(world: World, repo: OpsRepo) -> None:
    base = Sha(repo.head())
    first = Sha(repo.commit({"a.txt": "bad\n"}, "A bad change"))
    second = Sha(repo.commit({"a.txt": "worse\n"}, "A fix that mends nothing"))
    held = (HeldCommits("1234", base, second), HeldCommits("1234", first, second))

    with pytest.raises(Refused) as caught:
        find_range(world, Request(OTHER, RunOptions()), replace(NOTHING_BEFORE, held=held))

    assert caught.value.code == "brings_back_reverted"
    assert f"of ticket 1234: {second}, {first}\n" in caught.value.message


def test_of_many_commits_only_the_first_are_named(world: World, repo: OpsRepo) -> None:
    base = Sha(repo.head())
    commits = [Sha(repo.commit({"a.txt": f"{number}\n"}, f"Change {number}")) for number in range(23)]
    held = (HeldCommits("1234", base, commits[-1]),)

    with pytest.raises(Refused) as caught:
        find_range(world, Request(OTHER, RunOptions()), replace(NOTHING_BEFORE, held=held))

    assert f"{commits[3]}, … and 3 more\n" in caught.value.message


AFTER_A_REVERT: dict[str, list[ev.Event]] = {
    "reverted": [],
    "run again with nothing to do": nothing_to_do(2),
    "run again and given up": [
        requested(run=2),
        started(Phase.PREPARE),
        halted(Phase.PREPARE),
        ev.Abandoned(REQUEST, "never mind"),
    ],
}


@pytest.mark.parametrize("since", AFTER_A_REVERT)
def test_the_record_knows_what_is_held_whatever_the_ticket_came_to_since(tmp_path: Path, since: str) -> None:
    events = [*whole_run(), *whole_revert(), *AFTER_A_REVERT[since]]
    with sqlite_store(tmp_path / "released.db") as store:
        store.append([write(ev.release_stream(ENVIRONMENT, TICKET), 0, *events)])
        Projector(store, [ReleaseList()]).catch_up()

        assert EnvironmentRecord(store, ENVIRONMENT).history().held == (HeldCommits(TICKET, BASE, MERGE),)
