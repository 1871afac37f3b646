"""Whoever edits, removes or adds a row of any table by hand is found out."""

# ruff: noqa: S608 (names of our own tables)
from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from released.domain import events as ev
from released.domain.ids import Phase
from released.store.connections import reader_engine
from released.store.event_store import NewEvent, StreamWrite
from released.store.history import History
from released.store.projections import Projector
from released.store.release_list import ReleaseList
from released.store.tables import METADATA
from released.store.verification import Verified, verify
from support.given_when_then import halted, phase_done, prepared, recorded, requested, started, whole_revert, whole_run
from support.store import ACTOR, AT, sqlite_store

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sqlalchemy import Column, Table

    from released.store.event_store import EventStore

REMOVED_LATER = ("checkpoints",)
"""How far projections have come is no part of the record: a wrong one shows in what they left out."""
TABLES = [table for table in METADATA.sorted_tables if table.name not in REMOVED_LATER]
COLUMNS = [(table, column) for table in TABLES for column in table.columns]


@pytest.fixture(scope="module", name="written")
def _written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a log that leaves a row in every table, and close it."""
    path = tmp_path_factory.mktemp("verification") / "released.db"
    with sqlite_store(path) as store:
        store.take_lease("prod", "host", 4711, "boot-1", "0.1.0", AT, ACTOR)
        _append(store, "1234", [*whole_run(), *whole_revert()])
        _append(store, "1235", [requested(), *prepared(), started(Phase.MIGRATE), halted(Phase.MIGRATE)])
        _append(store, "1236", [requested(), *phase_done(Phase.PREPARE), ev.NothingToDo(1)])
        Projector(store, [ReleaseList(), History()]).catch_up()
    return path


def _append(store: EventStore, ticket: str, events: Sequence[ev.Event]) -> None:
    stream = ev.release_stream("prod", ticket)
    new = tuple(NewEvent(f"{ticket}:{one.version}", one.at, ACTOR, one.event) for one in recorded(*events))
    store.append([StreamWrite(stream, 0, new)])


def found(path: Path) -> Verified:
    """Verify a database."""
    engine = reader_engine(path)
    try:
        with engine.connect() as connection:
            return verify(connection)
    finally:
        engine.dispose()


def tampered(written: Path, folder: Path, statement: str, *values: object) -> Verified:
    """Verify a copy of the database in which somebody changed something."""
    copy = folder / "released.db"
    shutil.copy(written, copy)
    with closing(sqlite3.connect(copy, isolation_level=None)) as connection:
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        assert connection.execute(statement, values).rowcount == 1
    return found(copy)


def test_what_nobody_touched_is_whole(written: Path) -> None:
    verified = found(written)
    assert verified.findings == ()
    assert verified.events > 0


def test_every_table_has_a_row_to_be_touched(written: Path) -> None:
    with closing(sqlite3.connect(written)) as connection:
        empty = [
            table.name for table in TABLES if not connection.execute(f"SELECT count(*) FROM {table.name}").fetchone()[0]
        ]
    assert empty == []


@pytest.mark.parametrize(("table", "column"), COLUMNS, ids=[f"{table.name}.{column.name}" for table, column in COLUMNS])
def test_an_edited_column_is_found(written: Path, tmp_path: Path, table: Table, column: Column[object]) -> None:
    is_number = column.type.python_type in (int, float)
    other = f"{column.name} + 1000" if is_number else f"coalesce({column.name}, '') || 'x'"

    verified = tampered(written, tmp_path, f"UPDATE {table.name} SET {column.name} = {other} {in_the_middle(table)}")

    assert [one.subject for one in verified.findings][:1] == [subject(table)]


@pytest.mark.parametrize("table", TABLES, ids=[table.name for table in TABLES])
def test_a_removed_row_is_found(written: Path, tmp_path: Path, table: Table) -> None:
    verified = tampered(written, tmp_path, f"DELETE FROM {table.name} {in_the_middle(table)}")

    assert [one.subject for one in verified.findings][:1] == [subject(table)]


def test_the_first_bad_event_is_named(written: Path, tmp_path: Path) -> None:
    verified = tampered(written, tmp_path, "UPDATE events SET at = '2020-01-01T00:00:00.000000Z' WHERE position = 7")

    assert [(one.subject, one.position) for one in verified.findings] == [("log", 7)]
    assert "event 6 of release/prod/1234" in verified.findings[0].message


def test_a_log_whose_end_was_cut_off_is_found(written: Path, tmp_path: Path) -> None:
    last = "(SELECT max(position) FROM events)"

    verified = tampered(written, tmp_path, f"DELETE FROM events WHERE position = {last}")

    assert [(one.subject, one.position) for one in verified.findings] == [("log", verified.events + 1)]
    assert "its end was cut off" in verified.findings[0].message


def test_a_row_that_no_event_left_is_found(written: Path, tmp_path: Path) -> None:
    invented = "INSERT INTO releases SELECT environment, '9999', run, state, phase, base_sha, merge_sha, services, "
    rest = "started_by, started_at, changed_at, version, overrides FROM releases LIMIT 1"

    assert [one.subject for one in tampered(written, tmp_path, invented + rest).findings] == ["releases"]


def in_the_middle(table: Table) -> str:
    """Mean one row that is neither the first nor the last, where there are more."""
    one = f"SELECT rowid FROM {table.name} ORDER BY rowid LIMIT 1 OFFSET (SELECT count(*) / 2 FROM {table.name})"
    return f"WHERE rowid = ({one})"


def subject(table: Table) -> str:
    """Say what a finding in a table is called."""
    return "log" if table.name == "events" else table.name
