"""A copy of the database that is whole, taken while a daemon writes to it.

It is taken by a program of its own, or before the daemon opens its database, which it does only once (see
``connections``).
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from released.store.errors import StoreUnusable

_BUSY_TIMEOUT_S = 30.0


def back_up(database: Path, copy: Path) -> int:
    """Copy a database as of one moment, look the copy through, and put it on the disk before it gets its name.

    Args:
        database: of the store; it may be in use.
        copy: the file to be made, for its owner alone; its folder must exist.

    Returns:
        the position of the last event in the copy.

    Raises:
        StoreUnusable: there is a file of that name, the database cannot be read, or the copy is not whole; then
            nothing is left behind.
    """
    if copy.exists():
        raise StoreUnusable("backup_exists", f"{copy} exists already, and no backup is overwritten: name another file.")
    try:
        with _unfinished(copy) as part:
            head = _copied(database, part)
            _put_in_place(part, copy)
    except (sqlite3.Error, OSError) as error:
        raise StoreUnusable("backup_failed", f"{database} could not be copied to {copy}: {error}.") from error
    return head


def keep_former(database: Path, revision: str) -> Path:
    """Copy a database beside itself before its schema is migrated to a revision; a copy that is there is kept.

    Raises:
        StoreUnusable: see ``back_up``; or there is a copy of another state.
    """
    copy = database.with_name(f"{database.name}.before-{revision}")
    if not copy.exists() or _last_event(copy) != _last_event(database):
        back_up(database, copy)
    return copy


@contextlib.contextmanager
def _unfinished(copy: Path) -> Iterator[Path]:
    """Give a file for the copy while it is no copy yet."""
    part = copy.with_name(f".{copy.name}.{os.getpid()}.part")
    os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600))
    try:
        yield part
    finally:
        part.unlink(missing_ok=True)


def _copied(database: Path, part: Path) -> int:
    with closing(_opened(database, "ro")) as source, closing(_opened(part, "rw")) as target:
        source.backup(target)  # all pages under one read transaction: what is committed meanwhile is not in it
        target.execute("PRAGMA journal_mode=delete")  # the copy is one file, without a WAL beside it
        (found,) = target.execute("PRAGMA integrity_check(1)").fetchone()
        if found != "ok":
            raise StoreUnusable("backup_damaged", f"{database} is damaged, and so is a copy of it: {found}.")
    return _last_event(part)


def _last_event(database: Path) -> int:
    with closing(_opened(database, "ro")) as connection:
        (head,) = connection.execute("SELECT coalesce(max(position), 0) FROM events").fetchone()
    return int(head)


def _opened(file: Path, mode: str) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{quote(str(file))}?mode={mode}", uri=True, timeout=_BUSY_TIMEOUT_S)


def _put_in_place(part: Path, copy: Path) -> None:
    _flush(part)
    os.link(part, copy)  # unlike a rename it never replaces what somebody else put there meanwhile
    _flush(copy.parent)


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
