"""The six invariants: they hold of a sound record, and each breach of them is named."""

from __future__ import annotations

import dataclasses
import os
import sqlite3
import subprocess
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from released.domain import events as ev
from released.domain.failure import Failure
from released.domain.ids import Phase, Ticket
from released.domain.releases.ticket_files import render_env, render_log
from released.store import checkpoints
from released.store.projections import Projector
from released.store.release_list import ReleaseList
from support.invariants import Remains, broken
from support.store import ENVIRONMENT, STREAM, sqlite_store, whole_release, write

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

WHOLE = whole_release()
HALTED = WHOLE[: next(number for number, event in enumerate(WHOLE) if isinstance(event, ev.Halted)) + 1]
LOCK = ev.LockTaken(Ticket("1234"), 1)
FREED = ev.LockFreed(Ticket("1234"), 1)


@pytest.fixture(name="folder")
def _folder(tmp_path: Path) -> Path:
    """Make the folder of the files that operators read."""
    folder = tmp_path / "releases"
    folder.mkdir()
    return folder


def left(folder: Path, events: Sequence[ev.Event] = WHOLE, place: Sequence[ev.Event] = (LOCK, FREED)) -> Remains:
    """Leave a store with these events, and what is derived of them."""
    database = folder.parent / "released.db"
    with sqlite_store(database) as store:
        recorded = [*store.append([write(STREAM, 0, *events)]), *store.append([write(ENVIRONMENT, 0, *place)])]
        Projector(store, [ReleaseList()]).catch_up()
        store.project(lambda connection: checkpoints.save(connection, ["files/prod"], len(recorded)))
    (folder / "1234.env").write_text(render_env(recorded[: len(events)]), encoding="utf-8")
    (folder / "1234.log").write_text(render_log(recorded[: len(events)]), encoding="utf-8")
    return Remains(database, [one.event_id for one in recorded], derived={"prod": folder})


def spoilt(remains: Remains, *statements: str) -> Remains:
    """Change the store by hand."""
    with closing(sqlite3.connect(remains.database)) as database, database:
        triggers = database.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall()
        for statement in (*(f"DROP TRIGGER {name}" for (name,) in triggers), *statements):
            database.execute(statement)
    return remains


@pytest.mark.parametrize(
    ("events", "place"), [(WHOLE, (LOCK, FREED)), (HALTED, (LOCK,))], ids=["released", "halted with a reason"]
)
def test_all_hold_of_a_sound_record(folder: Path, events: Sequence[ev.Event], place: Sequence[ev.Event]) -> None:
    assert broken(left(folder, events, place)) == []


# --- I1 ----------------------------------------------------------------------------------------------------------


def test_a_lost_event_is_noticed(folder: Path) -> None:
    remains = spoilt(left(folder), "DELETE FROM events WHERE position = 1")

    first, gap, *_ = broken(remains)

    assert first == f"I1: the acknowledged event {next(iter(remains.acknowledged))} is lost"
    assert gap == f"I1: the versions of {STREAM} have a gap"


def test_a_changed_event_is_noticed(folder: Path) -> None:
    remains = spoilt(left(folder), "UPDATE events SET at = '2026-05-18T15:30:13.123456Z' WHERE position = 3")

    assert "I1: the chain of hashes is broken at position 3" in broken(remains)


# --- I2 ----------------------------------------------------------------------------------------------------------


def test_a_step_that_succeeded_twice_is_noticed(folder: Path) -> None:
    done = next(number for number, event in enumerate(WHOLE) if isinstance(event, ev.StepSucceeded))
    twice = [*WHOLE[: done + 1], WHOLE[done], *WHOLE[done + 1 :]]

    assert broken(left(folder, twice)) == ["I2: ticket 1234: the step prepare-step succeeded 2 times"]


@pytest.mark.parametrize("times", [0, 2])
def test_an_effect_that_did_not_take_place_once_is_noticed(folder: Path, times: int) -> None:
    remains = dataclasses.replace(left(folder), seen={"ticket-step": times})

    assert broken(remains) == [
        f"I2: the effect of ticket-step was seen {times} times, and 1 times it is on record as done"
    ]


# --- I3 ----------------------------------------------------------------------------------------------------------


def test_a_list_of_releases_that_is_not_what_the_record_derives_is_noticed(folder: Path) -> None:
    remains = spoilt(left(folder), "UPDATE releases SET state = 'halted'")

    assert broken(remains) == ["I3: the list of releases is not what the record derives"]


def test_a_file_of_a_ticket_that_is_not_what_the_record_derives_is_noticed(folder: Path) -> None:
    remains = left(folder)
    (folder / "1234.env").write_text("TICKET=1235\n", encoding="utf-8")

    assert broken(remains) == [f"I3: {folder / '1234.env'} is not what the record derives"]


# --- I4 ----------------------------------------------------------------------------------------------------------


def test_a_release_that_is_under_way_and_does_not_go_on_is_noticed(folder: Path) -> None:
    assert broken(left(folder, HALTED[:-1], (LOCK,))) == ["I4: prod: ticket 1234 is in phase ticket and does not go on"]


def test_a_halt_without_a_reason_is_noticed(folder: Path) -> None:
    halted = ev.Halted(Phase.TICKET, "failed", "ticket-step", Failure("failed", ""))

    assert broken(left(folder, [*HALTED[:-1], halted], (LOCK,))) == ["I4: prod: ticket 1234 is halted without a reason"]


# --- I5 ----------------------------------------------------------------------------------------------------------


def test_a_lock_that_no_release_needs_any_more_is_noticed(folder: Path) -> None:
    assert broken(left(folder, WHOLE, (LOCK,))) == ["I5: prod is locked for 1234, and occupied by nobody"]


def test_a_release_without_a_lock_is_noticed(folder: Path) -> None:
    assert broken(left(folder, HALTED, (LOCK, FREED))) == ["I5: prod is locked for nobody, and occupied by ['1234']"]


def test_a_lock_that_a_child_of_the_dead_inherited_is_noticed_and_one_of_the_living_is_not(
    folder: Path, tmp_path: Path
) -> None:
    lock = tmp_path / "lock"
    remains = dataclasses.replace(left(folder), locks=[lock])
    taking = ["flock", str(lock), "sh", "-c", "echo taken; read end"]  # flock lets the shell inherit the lock
    with subprocess.Popen(taking, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        alive = broken(remains)
        holder.kill()
        os.waitid(os.P_PID, holder.pid, os.WEXITED | os.WNOWAIT)
        dead = broken(remains)

    assert alive == []
    assert dead == [f"I5: {lock} is locked by the process {holder.pid}, which is dead: a child has inherited the lock"]


# --- I6 ----------------------------------------------------------------------------------------------------------


def test_a_secret_is_noticed(folder: Path) -> None:
    remains = dataclasses.replace(left(folder), leaks=lambda: ["/var/log/released"])

    assert broken(remains) == ["I6: the secret is in /var/log/released"]
