"""A transaction on the writing connection, and what its failure means."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from released.domain.errors import ReleasedError
from released.store.errors import AppendUnknown, StoreBusy, StoreFull

T = TypeVar("T")

_HARMLESS = (sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_MISMATCH)
"""A statement was wrong, not the disk: what was done is rolled back."""


def transact(connection: Connection, path: Path, work: Callable[[], T]) -> T:
    """Run work in a transaction and commit it; whatever it raises rolls it back.

    Raises:
        StoreFull: no space was left. SQLite reports that when it cannot write a frame of the WAL, also during COMMIT;
            the frame that would make the transaction valid is the last one, so the transaction did not take place.
        StoreBusy: another program holds the write lock.
        AppendUnknown: the disk failed; whether the transaction took place cannot be known in this process.
    """
    try:
        with connection.begin():
            return work()
    except (DBAPIError, sqlite3.Error) as error:
        meaning = _meaning(error, path)
        if meaning is None:
            raise
        raise meaning from error


def _meaning(error: DBAPIError | sqlite3.Error, path: Path) -> ReleasedError | None:
    """Say what an error of the database means for the store; ``None`` where the error itself says it."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    code = getattr(cause, "sqlite_errorcode", sqlite3.SQLITE_IOERR) & 0xFF
    if code == sqlite3.SQLITE_FULL:
        return StoreFull(path)
    if code == sqlite3.SQLITE_BUSY:
        return StoreBusy(str(path))
    if code in _HARMLESS:
        return None
    return AppendUnknown(str(cause))
