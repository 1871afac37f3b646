"""What SQLite says of its own file and of how it is written."""

from __future__ import annotations

from sqlalchemy.exc import DBAPIError

from released.store.event_store import EventStore


def quick_check(store: EventStore) -> str:
    """Look the whole file through, without its indexes; ``ok``, or what is wrong in one line."""
    try:
        rows = store.query(lambda connection: connection.exec_driver_sql("PRAGMA quick_check(10)").scalars().all())
    except DBAPIError as error:
        return str(error.orig)
    return "; ".join(str(row) for row in rows)


def durability(store: EventStore) -> tuple[str, int]:
    """Read ``journal_mode`` and ``synchronous`` of the connection that writes."""
    return store.project(
        lambda connection: (
            str(connection.exec_driver_sql("PRAGMA journal_mode").scalar()),
            int(connection.exec_driver_sql("PRAGMA synchronous").scalar() or 0),
        )
    )
