"""Why nothing can be written to a record, each with what a person does about it."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from released.domain.errors import ReleasedError
from released.domain.failure import NextCommand
from released.store.errors import ReadOnly, StoreFull, StoreUnusable
from released.store.space import NO_ROOM, obstacle

_OF_THE_PLACE = (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY)
"""What SQLite says where it cannot make or write the files beside its own, whyever that is."""


def met_at_opening(path: Path, error: DBAPIError | sqlite3.Error | OSError) -> ReleasedError:
    """Say what an error means that was met while a database was opened."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    code = getattr(cause, "sqlite_errorcode", 0) & 0xFF
    if code == sqlite3.SQLITE_FULL:
        return StoreFull(path)
    if code == sqlite3.SQLITE_CORRUPT:
        return damaged(path, str(cause))
    of_place = _of_the_place(path) if code in _OF_THE_PLACE or isinstance(cause, OSError) else None
    return of_place or StoreUnusable("store_unusable", f"The database {path} cannot be opened: {cause}.")


def refuse_unwritable_place(path: Path) -> None:
    """Look whether anything can be written where a database lies.

    Raises:
        ReadOnly: the file system is full, or lets nobody write.
    """
    reason = _of_the_place(path)
    if reason is not None:
        raise reason


def _of_the_place(path: Path) -> ReadOnly | None:
    found = obstacle(path)
    if found is not None and found.errno in NO_ROOM:
        return StoreFull(path)
    if found is not None and found.errno == errno.EROFS:
        return _read_only_file_system(path)
    return None  # a folder that is missing, or that this user may not write to, is told of by whatever needs it


def _read_only_file_system(path: Path) -> ReadOnly:
    why = (
        f"the file system of {path} cannot be written, as after an error of the disk. "
        "Find out why, make it writable, and start released again."
    )
    mount = NextCommand(("findmnt", "--target", str(path.parent)), "shows how it is mounted")
    log = NextCommand(("dmesg", "--level=err,warn"), "shows what the kernel says of the disk")
    return ReadOnly("file_system_read_only", why, (mount, log))


def damaged(path: Path, complaint: str) -> ReadOnly:
    """Say that SQLite finds its file damaged."""
    return ReadOnly("store_damaged", f"{path} is damaged ({complaint}). {_EXCHANGE}", _exchange(path))


def incomplete(path: Path, tables: Sequence[str]) -> ReadOnly:
    """Say that tables are missing."""
    return ReadOnly("store_incomplete", f"{path} lacks the table {', '.join(tables)}. {_EXCHANGE}", _exchange(path))


def altered(path: Path, finding: str) -> ReadOnly:
    """Say that events are not what was recorded."""
    return ReadOnly(
        "record_altered", f"the record in {path} was changed by hand: {finding}. {_EXCHANGE}", _exchange(path)
    )


def too_new(path: Path, revision: str, known: str) -> ReadOnly:
    """Say that a newer version made the schema."""
    why = f"{path} has schema {revision}, this released knows {known}: install the newer released again."
    return ReadOnly("schema_too_new", why, (_VERSIONS,))


def unreadable(path: Path, finding: str) -> ReadOnly:
    """Say that a newer version wrote an event that this one cannot read."""
    return ReadOnly("event_unreadable", f"{path}: {finding}. Install the newer released again.", (_VERSIONS,))


def unreplayable(path: Path, finding: str) -> ReadOnly:
    """Say that an older version recorded what this one cannot replay."""
    why = (
        f"this released cannot replay what another version recorded in {path}: {finding} "
        "Nothing was changed. Install the former released again, and report this."
    )
    return ReadOnly("history_unreplayable", why, (_VERSIONS,))


_VERSIONS = NextCommand(("releasectl", "version"), "shows the versions that are installed")
_EXCHANGE = "Keep it, put a backup of the record in its place, and start released again."


def _exchange(path: Path) -> tuple[NextCommand, ...]:
    keep = NextCommand(("cp", "-a", str(path), f"{path}.kept"), "keeps it as it is")
    restart = NextCommand(("systemctl", "restart", "released"), "looks again, once a backup is in its place", "changes")
    return keep, restart
