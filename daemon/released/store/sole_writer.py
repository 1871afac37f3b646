"""At most one process writes to a database: a lock on a file beside it, freed by the process's death.

SQLite lets several processes write in turn. We do not: the heads of streams are kept in memory, and SQLite before
3.51.3 can damage a WAL that two connections write (sqlite.org/wal.html#walresetbug).
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from released.store.errors import StoreFull, StoreUnusable
from released.store.space import NO_ROOM


class SoleWriter:
    """Holds the lock until it is closed; no child process inherits it."""

    def __init__(self, database: Path) -> None:
        """Take the lock.

        Raises:
            StoreFull: there is no room for the file.
            StoreUnusable: another process has it, or the file cannot be made.
        """
        path = database.with_name(database.name + ".lock")
        try:
            self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            if error.errno in NO_ROOM:
                raise StoreFull(database) from error
            raise StoreUnusable("store_unwritable", f"{path} cannot be written: {error.strerror}.") from error
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._descriptor)
            message = f"{database} is in use by another released. Stop that one first; two never share a database."
            raise StoreUnusable("store_in_use", message) from None

    def close(self) -> None:
        """Let go of the lock."""
        os.close(self._descriptor)
