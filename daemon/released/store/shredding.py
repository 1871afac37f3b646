"""How the text of an event goes, for ever; what is read in its place is on record before (``redactions.py``)."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection, update

from released.store import checkpoints
from released.store.connections import driver
from released.store.history import History
from released.store.release_list import ReleaseList
from released.store.tables import EVENTS


def shred(connection: Connection, positions: Collection[int]) -> None:
    """Take the payloads of these events away, with all that was derived, and overwrite what the file held of them.

    What was derived, tables and the files of tickets, is derived anew at the next start.
    """
    # Else the text stays in pages that SQLite has set free.
    driver(connection).execute("PRAGMA secure_delete=ON")
    for position in positions:
        connection.execute(update(EVENTS).where(EVENTS.c.position == position).values(payload=None))
    views = (ReleaseList(), History())
    for view in views:
        view.clear(connection)
    files = [name for name in checkpoints.stored(connection) if name.startswith("files/")]
    checkpoints.drop(connection, [*(view.name for view in views), *files])
