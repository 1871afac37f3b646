"""A record that cannot be written, or must not be: why, and what can still be read of it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from released.store.errors import ReadOnly, StoreFull, StoreUnreadable, StoreUnusable
from released.store.read_only import ReadOnlyStore
from released.store.release_list import list_releases
from released.store.sqlite import open_sqlite
from released.version import VERSION
from support.kept_record import forbid_nothing
from support.store import (
    ACTOR,
    AT,
    ENVIRONMENT,
    LOCK,
    REFUSED,
    STREAM,
    must_not_fail,
    sqlite_store,
    whole_release,
    write,
)

OTHER = "release/prod/1300"
HALF = whole_release()[:9]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A record with a lock, a release that is under way, and one that is over."""
    path = tmp_path / "released.db"
    with sqlite_store(path) as store:
        store.append([write(ENVIRONMENT, 0, LOCK), write(STREAM, 0, *HALF)])
        store.append([write(OTHER, 0, *whole_release())])
    return path


def execute(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        forbid_nothing(connection)
        for statement in statements:
            connection.execute(statement)


@pytest.mark.parametrize(
    ("statement", "cause", "finding"),
    [
        ("UPDATE alembic_version SET version_num = '9999'", "schema_too_new", "has schema 9999"),
        ("UPDATE events SET type = 'teleported' WHERE position = 3", "event_unreadable", "event 3 of its log"),
        ("UPDATE events SET schema_version = 2 WHERE position = 3", "event_unreadable", "event 3 of its log"),
        ("DROP TABLE checkpoints", "store_incomplete", "lacks the table checkpoints"),
        (
            "UPDATE events SET at = '' WHERE stream = 'environment/prod'",
            "record_altered",
            "version 1 of environment/prod",
        ),
        (
            "UPDATE events SET payload = '{}' WHERE stream = 'release/prod/1234' AND version = 4",
            "record_altered",
            "version 4",
        ),
        (
            "UPDATE events SET actor = '' WHERE stream = 'release/prod/1234' AND version = 4",
            "record_altered",
            "version 4",
        ),
        (
            "DELETE FROM events WHERE stream = 'release/prod/1234' AND version = 4",
            "record_altered",
            "its last event is number",
        ),
    ],
)
def test_a_record_that_is_not_sound_is_not_opened_for_writing(
    statement: str, cause: str, finding: str, path: Path
) -> None:
    execute(path, statement)
    with pytest.raises(ReadOnly) as caught:
        open_sqlite(path, must_not_fail)
    assert (caught.value.code, caught.value.cause) == ("read_only", cause)
    assert finding in caught.value.message


def leased_by(path: Path, version: str, *, broken: bool) -> None:
    """Let a version of released have had the record last; perhaps it allowed what this one has no row for."""
    with sqlite_store(path) as store:
        store.take_lease("test", "host", 1, "boot", version, AT, ACTOR)
    if broken:
        execute(
            path,
            "UPDATE events SET type = 'released', payload = '{\"run\":1}' "
            "WHERE stream = 'release/prod/1300' AND version = 2",
        )


def test_a_version_that_cannot_replay_what_another_recorded_does_not_take_over(path: Path) -> None:
    leased_by(path, "0.0.1", broken=True)

    with pytest.raises(ReadOnly) as caught:
        open_sqlite(path, must_not_fail)

    assert caught.value.cause == "history_unreplayable"
    assert "event 2 of release/prod/1300: " in caught.value.message


@pytest.mark.parametrize(("version", "broken"), [(VERSION, True), ("0.0.1", False)])
def test_it_is_looked_at_only_where_another_version_had_it_last(version: str, broken: bool, path: Path) -> None:  # noqa: FBT001 (a case)
    leased_by(path, version, broken=broken)
    open_sqlite(path, must_not_fail).close()


def test_a_release_that_nobody_acts_on_is_not_held_against_its_chain(path: Path) -> None:
    execute(path, "UPDATE events SET payload = replace(payload, '1234', '4321') WHERE stream = 'release/prod/1300'")
    open_sqlite(path, must_not_fail).close()


@pytest.fixture
def store(path: Path) -> ReadOnlyStore:
    return ReadOnlyStore(path, StoreFull(path))


def test_what_is_on_record_is_read(store: ReadOnlyStore) -> None:
    assert (len(store.read(STREAM)), store.streams("release/"), store.head()) == (
        len(HALF),
        [STREAM, OTHER],
        1 + len(HALF) + len(whole_release()),
    )


def test_the_list_is_derived_from_the_events_whatever_the_tables_hold(path: Path) -> None:
    execute(path, "DROP TABLE releases", "DROP TABLE checkpoints")
    store = ReadOnlyStore(path, StoreFull(path))
    assert {one.ticket: one.state for one in list_releases(store)} == {"1234": "migrate", "1300": "released"}


def test_a_release_that_cannot_be_read_is_left_out_of_the_list(path: Path) -> None:
    execute(path, "UPDATE events SET type = 'teleported' WHERE stream = 'release/prod/1234' AND version = 1")
    store = ReadOnlyStore(path, StoreFull(path))
    assert [one.ticket for one in list_releases(store)] == ["1300"]


def test_what_would_append_is_refused_with_the_reason(store: ReadOnlyStore) -> None:
    with pytest.raises(StoreFull):
        store.append([write(STREAM, len(HALF), REFUSED)])
    with pytest.raises(StoreFull):
        store.project(lambda connection: connection.exec_driver_sql("DELETE FROM releases"))


def test_the_record_itself_cannot_be_written_through_a_query(store: ReadOnlyStore) -> None:
    with pytest.raises(StoreUnreadable, match="readonly"):
        store.query(lambda connection: connection.exec_driver_sql("DELETE FROM record.leases"))


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "released.db"
    path.write_bytes(b"not a database" * 1000)
    with pytest.raises(StoreUnusable, match="Nor can it be read: file is not a database"):
        ReadOnlyStore(path, StoreFull(path))


def test_a_record_without_events_is_refused(path: Path) -> None:
    execute(path, "DROP TABLE events")
    with pytest.raises(StoreUnusable, match=r"lacks the table events.*Nor can it be read: no such table: events"):
        _read_only(path)


def _read_only(path: Path) -> ReadOnlyStore:
    with pytest.raises(ReadOnly) as reason:
        open_sqlite(path, must_not_fail)
    return ReadOnlyStore(path, reason.value)
