"""The database that the migrations build is the one that the code describes."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from released.store import schema
from released.store.connections import writer_engine
from released.store.errors import ReadOnly, StoreUnusable
from released.store.event_store import EventStore
from released.store.projections import Projector
from released.store.release_list import ReleaseList, list_releases
from released.store.shipped import shipped
from released.store.sqlite import open_sqlite
from released.store.tables import METADATA
from support.first_schema import FIRST, write_first_schema
from support.golden import LOG_V1, read_log
from support.store import REFUSED, STREAM, must_not_fail, sqlite_store, write


def test_the_migrated_schema_equals_the_tables(tmp_path: Path) -> None:
    engine = writer_engine(tmp_path / "released.db")
    try:
        schema.bring_up_to_date(engine, tmp_path / "released.db")
        with engine.connect() as connection:
            assert compare_metadata(MigrationContext.configure(connection), METADATA) == []
    finally:
        engine.dispose()


def test_the_known_head_is_the_newest_migration() -> None:
    config = Config()
    config.set_main_option("script_location", str(shipped("migrations")))
    assert ScriptDirectory.from_config(config).get_heads() == [schema.HEAD]


def test_alembic_is_not_imported_for_a_database_that_is_up_to_date(tmp_path: Path) -> None:
    path = tmp_path / "released.db"
    with sqlite_store(path):
        pass
    program = (
        "import sys, pathlib\n"
        "from released.store.sqlite import open_sqlite\n"
        "open_sqlite(pathlib.Path(sys.argv[1]), print).close()\n"
        "print('alembic' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_a_newer_schema_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "released.db"
    with sqlite_store(path) as store:
        store.project(lambda connection: _execute(connection, "UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(ReadOnly, match=f"has schema 9999, this released knows {schema.HEAD}"):
        open_sqlite(path, must_not_fail)


def test_a_list_that_the_first_schema_held_is_derived_anew(tmp_path: Path) -> None:
    path = tmp_path / "released.db"
    write_first_schema(path)
    with sqlite_store(path) as store:
        Projector(store, [ReleaseList()]).catch_up()
        assert [(one.state, one.overrides) for one in list_releases(store)] == [("released", 1)]


def test_the_record_as_it_was_is_kept_before_it_is_migrated(tmp_path: Path) -> None:
    path = tmp_path / "released.db"
    write_first_schema(path)
    open_sqlite(path, must_not_fail).close()
    with closing(sqlite3.connect(f"{path}.before-{schema.HEAD}")) as copy:
        assert copy.execute("SELECT version_num FROM alembic_version").fetchone() == (FIRST,)
        assert copy.execute("SELECT count(*) FROM events").fetchone() == (len(read_log(LOG_V1)),)


def test_a_copy_of_another_record_is_not_taken_for_the_record_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "released.db"
    write_first_schema(path)
    with sqlite_store(tmp_path / f"released.db.before-{schema.HEAD}"):
        pass
    with pytest.raises(StoreUnusable, match="exists already"):
        open_sqlite(path, must_not_fail)


def test_the_database_of_another_program_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "released.db"
    engine = writer_engine(path)
    with engine.begin() as connection:
        _execute(connection, "CREATE TABLE accounts (id INTEGER)")
    engine.dispose()
    with pytest.raises(StoreUnusable, match="another program"):
        open_sqlite(path, must_not_fail)


def test_a_migration_that_fails_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "released.db"
    monkeypatch.setattr(schema, "revision_of", _fail_after_creating)
    engine = writer_engine(path)
    with pytest.raises(LookupError):
        schema.bring_up_to_date(engine, path)
    with engine.connect() as connection:
        tables = connection.exec_driver_sql("SELECT name FROM sqlite_master").all()
    engine.dispose()
    assert tables == []


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM events",
        "UPDATE events SET stream = 'other'",
        "UPDATE events SET at = ''",
        "UPDATE events SET stream_hash = ''",
        "UPDATE events SET payload = '{}'",
        "INSERT OR REPLACE INTO events SELECT * FROM events",
    ],
)
def test_a_stored_event_cannot_be_changed(tmp_path: Path, statement: str) -> None:
    with _store_with_one_event(tmp_path) as store, pytest.raises(IntegrityError, match=r"events|shredded"):
        store.project(lambda connection: _execute(connection, statement))


def test_a_payload_can_be_shredded(tmp_path: Path) -> None:
    with _store_with_one_event(tmp_path) as store:
        store.project(lambda connection: _execute(connection, "UPDATE events SET payload = NULL"))


@contextmanager
def _store_with_one_event(folder: Path) -> Iterator[EventStore]:
    with sqlite_store(folder / "released.db") as store:
        store.append([write(STREAM, 0, REFUSED)])
        yield store


def _fail_after_creating(connection: Connection, _path: Path) -> str:
    _execute(connection, "CREATE TABLE half (id INTEGER)")
    raise LookupError


def _execute(connection: Connection, statement: str) -> None:
    connection.exec_driver_sql(statement)
