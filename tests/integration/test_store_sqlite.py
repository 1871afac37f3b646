"""How the SQLite file is opened, who may open it, and what shares a commit."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, cast

import pytest
from sqlalchemy import Connection, event
from sqlalchemy.exc import OperationalError

from released.domain.events import release_stream
from released.store import connections
from released.store.errors import Conflict, ReadOnly, StoreBusy, StoreUnusable
from released.store.event_store import EventStore
from released.store.hash_chain import verify
from released.store.integrity import durability, quick_check
from released.store.sqlite import SqliteEventStore, open_sqlite, open_store
from support.golden import rows
from support.store import REFUSED, STREAM, must_not_fail, sqlite_store, whole_release, write

PATIENCE_S = 60.0


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "released #1 %41.db"


@pytest.fixture
def store(path: Path) -> Iterator[SqliteEventStore]:
    with sqlite_store(path) as opened:
        yield cast("SqliteEventStore", opened)


def test_its_files_are_for_their_owner_alone(store: EventStore, path: Path) -> None:
    store.append([write(STREAM, 0, REFUSED)])
    modes = {file.name.removeprefix(path.name): file.stat().st_mode & 0o777 for file in path.parent.iterdir()}
    assert modes == {"": 0o600, "-wal": 0o600, "-shm": 0o600, ".lock": 0o600}


def test_a_sound_file_passes_its_check_and_is_written_durably(store: EventStore) -> None:
    store.append([write(STREAM, 0, *whole_release())])
    assert (quick_check(store), durability(store)) == ("ok", ("wal", 2))


def test_a_damaged_file_is_not_opened_for_writing(path: Path) -> None:
    with sqlite_store(path) as store:
        for number in range(50):
            store.append([write(f"{STREAM}-{number}", 0, *whole_release())])
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2)
        file.write(b"\xff" * 8192)
    with pytest.raises(ReadOnly, match="is damaged"):
        open_sqlite(path, must_not_fail)


@pytest.mark.parametrize("name", ["journal_mode", "synchronous", "foreign_keys", "recursive_triggers"])
def test_the_writer_works_with_the_settings_that_durability_needs(store: EventStore, name: str) -> None:
    assert store.project(lambda connection: _pragma(connection, name)) == connections.WRITER_PRAGMAS[name]


@pytest.mark.parametrize("name", ["synchronous", "query_only"])
def test_readers_work_with_their_settings(store: EventStore, name: str) -> None:
    assert store.query(lambda connection: _pragma(connection, name)) == connections.READER_PRAGMAS[name]


def test_a_setting_that_does_not_hold_refuses_the_start(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "WRITER_PRAGMAS", {"synchronous": 7})
    with pytest.raises(StoreUnusable, match="without 7 events could be lost"):
        open_sqlite(path, must_not_fail)


def test_readers_cannot_write(store: EventStore) -> None:
    with pytest.raises(OperationalError, match="readonly"):
        store.query(lambda connection: connection.exec_driver_sql("DELETE FROM checkpoints"))


@pytest.mark.usefixtures("store")
def test_a_second_process_is_refused(path: Path) -> None:
    program = (
        "import pathlib, sys\n"
        "from released.store.sqlite import open_sqlite\n"
        "open_sqlite(pathlib.Path(sys.argv[1]), print)\n"
    )
    done = subprocess.run([sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=False)
    assert "is in use by another released" in done.stderr


def test_a_closed_store_can_be_opened_again_in_the_same_process(path: Path) -> None:
    open_sqlite(path, must_not_fail).close()
    open_sqlite(path, must_not_fail).close()


def test_a_store_that_could_not_be_opened_leaves_no_lock(path: Path) -> None:
    path.write_bytes(b"no database at all, but long enough to look like one" * 100)
    with pytest.raises(StoreUnusable, match="file is not a database"):
        open_sqlite(path, must_not_fail)
    path.unlink()
    open_sqlite(path, must_not_fail).close()


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreUnusable, match=r"missing/released\.db.* cannot be written: No such file"):
        open_sqlite(tmp_path / "missing" / "released.db", must_not_fail)


@pytest.mark.parametrize("url", ["released.db", "sqlite://", "sqlite:///:memory:", "mysql://host/db"])
def test_a_url_that_names_no_file_is_refused(url: str) -> None:
    with pytest.raises(StoreUnusable, match="expected sqlite:////path/to/file"):
        open_store(url, must_not_fail)


def test_a_password_in_a_refused_url_is_not_shown() -> None:
    with pytest.raises(StoreUnusable) as caught:
        open_store("mysql://user:hunter22@host/db", must_not_fail)
    assert "hunter22" not in caught.value.message


def test_the_file_of_an_existing_database_is_opened_by_sqlite_alone(path: Path) -> None:
    open_sqlite(path, must_not_fail).close()
    opened: set[str] = set()
    watching = threading.Event()
    watching.set()
    # An audit hook stays for the life of the process; the flag ends its work.
    sys.addaudithook(lambda name, about: opened.add(str(about[0])) if name == "open" and watching.is_set() else None)
    with sqlite_store(path) as store:
        store.append([write(STREAM, 0, REFUSED)])
        store.read_all()
    watching.clear()
    assert not opened & {str(path), f"{path}-wal", f"{path}-shm"}


def test_another_program_that_holds_the_write_lock_is_named(
    store: SqliteEventStore, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "WRITER_PRAGMAS", {})
    other = connections.writer_engine(path)
    store.project(lambda connection: _pragma(connection, "busy_timeout=1"))
    with other.begin(), pytest.raises(StoreBusy):
        store.append([write(STREAM, 0, REFUSED)])
    other.dispose()
    assert store.append([write(STREAM, 0, REFUSED)])


def test_what_waits_while_a_commit_is_under_way_shares_the_next(store: SqliteEventStore) -> None:
    commits: list[object] = []
    event.listen(store._engine, "commit", commits.append)
    with ThreadPoolExecutor(20) as pool:
        going = _hold_writer_until(store, waiting=20)
        appends = [pool.submit(store.append, [write(release_stream("prod", str(n)), 0, REFUSED)]) for n in range(20)]
        positions = sorted(each.result()[0].position for each in appends)
        going()
    assert (len(commits), positions) == (2, list(range(1, 21)))  # the held one, and one for all twenty


def test_a_refused_append_leaves_the_others_of_its_commit_alone(store: SqliteEventStore) -> None:
    with ThreadPoolExecutor(3) as pool:
        going = _hold_writer_until(store, waiting=3)
        wrong = pool.submit(store.append, [write(STREAM, 0, REFUSED), write("release/prod/9", 5, REFUSED)])
        right = [pool.submit(store.append, [write(f"release/prod/{n}", 0, REFUSED)]) for n in (1, 2)]
        assert sorted(each.result()[0].position for each in right) == [1, 2]
        assert isinstance(wrong.exception(), Conflict)
        going()
    assert store.read(STREAM) == []


def test_the_chain_of_a_log_holds_over_restarts(path: Path) -> None:
    with sqlite_store(path) as store:
        store.append([write(STREAM, 0, *whole_release()[:9])])
    with sqlite_store(path) as store:
        store.append([write(STREAM, 9, *whole_release()[9:])])
        store.append([write("release/prod/2", 0, REFUSED)])
        assert verify(rows(store)) is None


def _pragma(connection: Connection, name: str) -> Any:  # noqa: ANN401 (text or a number)
    return connection.exec_driver_sql(f"PRAGMA {name}").scalar()


def _hold_writer_until(store: SqliteEventStore, waiting: int) -> Callable[[], None]:
    """Keep the writer's thread busy until so many jobs wait; returns what waits for its end."""
    queue = store._writer._queue
    held = threading.Event()

    def hold(_connection: Connection) -> bool:
        held.set()
        with queue._changed:
            return queue._changed.wait_for(lambda: len(queue._jobs) == waiting, PATIENCE_S)

    thread = threading.Thread(target=store.project, args=(hold,))
    thread.start()
    assert held.wait(PATIENCE_S)
    return thread.join
