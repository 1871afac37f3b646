"""Detection commands of playbooks, run in the real sandbox for a failure that is on record."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest

from released.adapters.commands.sandbox import Ran, Sandbox
from released.domain import events as ev
from released.domain.configuration import Environment
from released.domain.errors import InvalidInput
from released.domain.ids import Ticket
from released.domain.playbooks.matching import Match
from released.domain.playbooks.playbook import Detection, Fix, Playbook
from released.domain.playbooks.recorded_failure import last_failure
from released.engine import faults
from released.engine.instruments import Instruments
from released.engine.playbooks.detection import detect
from released.engine.selftest.unchallenged import Unchallenged
from released.engine.station import Station, open_station, open_world
from released.store.event_store import NewEvent, StreamWrite
from support.docker_stack import ENGINE_URL
from support.given_when_then import ACTOR, BEGIN, BOOT, ENVIRONMENT, TICKET, refused
from support.ops_repo import OpsRepo
from support.store import must_not_fail, sqlite_store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from released.store.event_store import EventStore

REQUEST = "request-2"
OTHER = Ticket("77")


@pytest.fixture(name="store")
def _store(tmp_path: Path) -> Iterator[EventStore]:
    with sqlite_store(tmp_path / "released.db") as store:
        yield store


@pytest.fixture(name="station")
def _station(tmp_path: Path, store: EventStore) -> Station:
    """An environment in which runs of two tickets were refused."""
    repo = OpsRepo.create(tmp_path / "repos")
    (repo.checkout / ".env").write_text("API_KEY=hush-hush-hush\n", encoding="ascii")
    settings = Environment.model_validate({"repo": str(repo.checkout), "docker": ENGINE_URL})
    fence = store.take_lease(ENVIRONMENT, "host-1", 1, BOOT, "0", dt.datetime.now(dt.UTC), ACTOR)
    for ticket in (TICKET, OTHER):
        news = (NewEvent(f"refusal of {ticket}", BEGIN, ACTOR, refused()),)
        store.append([StreamWrite(ev.release_stream(ENVIRONMENT, ticket), 0, news)], fence)
    world = open_world(ENVIRONMENT, settings, tmp_path / "state")
    return open_station(world, Unchallenged(), store, fence, Instruments(), faults.nothing, must_not_fail)


def detected(station: Station, command: str, expect: str, ticket: Ticket = TICKET) -> list[ev.DetectionCheck]:
    """Run one detection command; give all that was ever found out of the ticket."""
    failure = last_failure(station.events(ticket))
    assert failure is not None
    detection = [Detection(command=command, expect=expect)]
    playbook = Playbook(id="own", symptom="dirty", detection=detection, root_cause="x", fix=Fix(adhoc="# mend it"))
    detect(station, failure, [Match(playbook, 1.0, (), ())], REQUEST, ACTOR, ())
    ran = (one.event for one in station.events(ticket) if isinstance(one.event, ev.DetectionRan))
    return [check for one in ran for check in one.checks]


def test_a_value_that_is_expected_and_not_on_record_is_told(station: Station) -> None:
    (check,) = detected(station, "true", "<weather> is bad")
    assert (check.exit_code, check.failed) == (None, "The record does not say what <weather> stands for.")


def test_a_group_of_the_pattern_that_is_expected_is_no_value(station: Station) -> None:
    (check,) = detected(station, "echo 12", "/(?P<ticket>[0-9]+)/")
    assert check.matched


def test_a_command_that_was_not_run_is_recorded_without_secrets_as_well(station: Station) -> None:
    (check,) = detected(station, "grep hush-hush-hush <weather>", "bad")
    assert "hush" not in check.command


def test_a_request_that_comes_again_runs_nothing(station: Station, monkeypatch: pytest.MonkeyPatch) -> None:
    first = detected(station, "true", "anything")
    monkeypatch.setattr(Sandbox, "run", must_not_run)
    assert detected(station, "true", "anything") == first


def must_not_run(*_: object, **__: object) -> Ran:
    """Stand for the sandbox where no command is to run."""
    raise AssertionError("a command was run")


def test_a_request_id_that_another_ticket_used_is_refused(station: Station) -> None:
    detected(station, "true", "anything")
    with pytest.raises(InvalidInput) as reused:
        detected(station, "true", "anything", OTHER)
    assert reused.value.code == "request_id_reused"
