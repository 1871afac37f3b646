"""Connections to the SQLite file: one that writes, and a pool that cannot.

WAL with ``synchronous=FULL`` is what makes an acknowledged event survive a power cut; every connection reads its
settings back and refuses to work with others. Nothing else in the process may open the file: closing any descriptor of
it would drop SQLite's locks (POSIX locks belong to the process, not to the descriptor).
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import cast
from urllib.parse import quote

from sqlalchemy import Connection, Engine, NullPool, QueuePool, StaticPool, create_engine, event

from released.store.errors import StoreUnusable

BUSY_TIMEOUT_MS = 5000

_EVERYWHERE: Mapping[str, str | int] = {"synchronous": 2, "foreign_keys": 1, "busy_timeout": BUSY_TIMEOUT_MS}
WRITER_PRAGMAS: Mapping[str, str | int] = {"journal_mode": "wal", **_EVERYWHERE, "recursive_triggers": 1}
"""``recursive_triggers``: without it INSERT OR REPLACE deletes rows past the triggers that forbid it."""
READER_PRAGMAS: Mapping[str, str | int] = {**_EVERYWHERE, "query_only": 1}


def writer_engine(path: Path) -> Engine:
    """Make the engine of the only connection that writes; the file is created for its owner alone (0600)."""
    _create_private(path)
    engine = create_engine("sqlite://", creator=lambda: _open(path, "rwc", WRITER_PRAGMAS), poolclass=StaticPool)
    event.listen(engine, "begin", _begin_immediate)
    return engine


def reader_engine(path: Path) -> Engine:
    """Make the engine of connections that only read."""
    return create_engine(
        "sqlite://",
        creator=lambda: _open(path, "ro", READER_PRAGMAS),
        poolclass=QueuePool,
        pool_size=8,
        max_overflow=8,
    )


def readable_uri(path: Path) -> str:
    """Give the URI by which SQLite can read a file now that it cannot be written.

    Reading a database with a WAL takes a file beside it, which cannot be made on a full or read-only file system. Where
    no WAL is there, all is in the database's own file, and that can be read as one that does not change.

    Raises:
        sqlite3.Error: it cannot be read.
    """
    usual = _uri(path, "ro")
    wal = path.with_name(f"{path.name}-wal")
    try:
        _try_to_read(usual)
    except sqlite3.OperationalError:
        if wal.exists() and wal.stat().st_size:
            raise
        unchanging = f"{usual}&immutable=1"
        _try_to_read(unchanging)
        return unchanging
    return usual


def inspecting_engine(path: Path) -> Engine:
    """Make the engine of a connection that reads once and leaves nothing behind.

    Raises:
        sqlite3.Error: the file cannot be read.
    """
    uri = readable_uri(path)
    return create_engine("sqlite://", creator=lambda: sqlite3.connect(uri, uri=True), poolclass=NullPool)


def driver(connection: Connection) -> sqlite3.Connection:
    """Give the driver's own connection, for the few statements that every commit runs."""
    return cast("sqlite3.Connection", connection.connection.driver_connection)


def _try_to_read(uri: str) -> None:
    with closing(sqlite3.connect(uri, uri=True)) as connection:
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()


def _create_private(path: Path) -> None:
    """Create the file with its mode before SQLite does; its WAL inherits the mode."""
    if path.exists():
        path.chmod(0o600)
    else:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600))


def _open(path: Path, mode: str, pragmas: Mapping[str, str | int]) -> sqlite3.Connection:
    """Open a connection in autocommit mode: the driver begins nothing on its own, neither early nor late."""
    connection = sqlite3.connect(_uri(path, mode), uri=True, isolation_level=None, check_same_thread=False)
    try:
        for name, value in pragmas.items():
            _set(connection, path, name, value)
    except BaseException:
        connection.close()
        raise
    return connection


def _uri(path: Path, mode: str) -> str:
    return f"file:{quote(str(path))}?mode={mode}"


def _set(connection: sqlite3.Connection, path: Path, name: str, value: str | int) -> None:
    connection.execute(f"PRAGMA {name}={value}")
    (found,) = connection.execute(f"PRAGMA {name}").fetchone()
    if found != value:
        message = f"{path} cannot be used: SQLite says {name}={found}, and without {value} events could be lost."
        raise StoreUnusable("store_not_durable", message)


def _begin_immediate(connection: Connection) -> None:
    """Take the write lock at once: a transaction that reads first and then writes can fail without waiting."""
    connection.exec_driver_sql("BEGIN IMMEDIATE")
