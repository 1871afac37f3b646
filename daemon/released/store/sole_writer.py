"""At most one process writes to a database: a file beside it that is held, and freed by the process's death.

SQLite lets several processes write in turn. We do not: the heads of streams are kept in memory, and SQLite before
3.51.3 can damage a WAL that two connections write (sqlite.org/wal.html#walresetbug).
"""

from __future__ import annotations

from pathlib import Path

from released.held_file import AlreadyHeld, hold, this_process
from released.store.errors import StoreUnusable


class SoleWriter:
    """Holds the file until it is closed."""

    def __init__(self, database: Path, state: Path) -> None:
        """Become the only writer, named to others with its state folder.

        Raises:
            StoreUnusable: another process is it, or the file cannot be made.
        """
        path = database.with_name(database.name + ".lock")
        try:
            self._held = hold(path, this_process(state))
        except AlreadyHeld as other:
            message = f"{database} is in use by another released: {other}. Stop that one first, or name another store."
            raise StoreUnusable("store_in_use", message) from None
        except OSError as error:
            raise StoreUnusable("store_unwritable", f"{path} cannot be written: {error.strerror}.") from error

    def close(self) -> None:
        """Let another process write."""
        self._held.close()
