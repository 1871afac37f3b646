"""How the text of an event goes, for ever; what is read in its place is on record with the same commit."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import Connection, update

from released.store.connections import driver
from released.store.tables import EVENTS


def shred(connection: Connection, positions: Collection[int]) -> None:
    """Take the payloads of these events away, and overwrite what the file held of them."""
    # Else the text stays in pages that SQLite has set free.
    driver(connection).execute("PRAGMA secure_delete=ON")
    for position in positions:
        connection.execute(update(EVENTS).where(EVENTS.c.position == position).values(payload=None))


def is_rewritten(path: Path) -> bool:
    """Write the whole file anew, without what lay between its rows, and empty its log; false where it cannot be now.

    The store must be closed; another program that has the file open, or a full disk, keeps it as it was.
    """
    with closing(sqlite3.connect(f"file:{quote(str(path))}?mode=rw", uri=True, isolation_level=None)) as connection:
        try:
            connection.execute("VACUUM")
        except sqlite3.OperationalError:
            return False
        busy, left, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return not busy and left <= 0
