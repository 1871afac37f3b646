"""How far each projection has followed the log."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects.sqlite import insert

from released.store.tables import CHECKPOINTS


def load(connection: Connection, names: Iterable[str]) -> dict[str, int]:
    """Give the position of each projection; 0 for one that has never run."""
    known = stored(connection)
    return {name: known.get(name, 0) for name in names}


def stored(connection: Connection) -> dict[str, int]:
    """Give the position of everything that ever ran."""
    return {row.projection: row.position for row in connection.execute(select(CHECKPOINTS))}


def save(connection: Connection, names: Iterable[str], position: int) -> None:
    """Note that these projections have handled everything up to a position."""
    for name in names:
        statement = insert(CHECKPOINTS).values(projection=name, position=position)
        newest = {"position": position}
        connection.execute(statement.on_conflict_do_update(index_elements=["projection"], set_=newest))


def drop(connection: Connection, names: Iterable[str]) -> None:
    """Let these projections begin anew."""
    connection.execute(delete(CHECKPOINTS).where(CHECKPOINTS.c.projection.in_(list(names))))
