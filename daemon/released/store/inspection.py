"""Whether the daemon may act on a record and add to it: looked at before it does, on a connection that cannot write.

Nothing is mended here: what is wrong is named, and the record is served as far as it can be read.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import Connection, func, inspect, select
from sqlalchemy.exc import DatabaseError

from released.domain.environments import environment
from released.domain.events import Recorded, environment_stream, release_stream
from released.store import codec
from released.store.errors import UnreadableEvent
from released.store.event_row import EventRow, to_recorded
from released.store.hash_chain import first_broken
from released.store.obstacles import altered, damaged, incomplete, too_new, unreadable
from released.store.redactions import Redactions
from released.store.replayable import refuse_unreplayable
from released.store.schema import HEAD, revision_of
from released.store.tables import EVENTS, METADATA

_PLACES = environment_stream("")
"""What the names of the streams of environments begin with."""


def refuse_unsound(connection: Connection, path: Path) -> None:
    """Look at a record as a whole; an empty database is sound.

    Raises:
        ReadOnly: it is damaged, incomplete, altered, or from a newer version.
        StoreUnusable: it is the database of another program.
    """
    try:
        _refuse_damaged(connection, path)
        revision = revision_of(connection, path)
        if revision > HEAD:
            raise too_new(path, revision, HEAD)
        if revision:
            _refuse_incomplete(connection, path, revision)
            _refuse_unreadable(connection, path)
            _refuse_altered(connection, path)
            refuse_unreplayable(connection, path)
    except DatabaseError as error:
        raise damaged(path, str(error.orig)) from error


def _refuse_damaged(connection: Connection, path: Path) -> None:
    """Have SQLite look every page through, but for what its indexes say."""
    found = [str(line) for line in connection.exec_driver_sql("PRAGMA quick_check(3)").scalars()]
    if found != ["ok"]:
        raise damaged(path, "; ".join(found))


def _refuse_incomplete(connection: Connection, path: Path, revision: str) -> None:
    expected = METADATA.tables if revision == HEAD else [EVENTS.name]  # older ones may lack what a migration makes
    missing = sorted(set(expected) - set(inspect(connection).get_table_names()))
    if missing:
        raise incomplete(path, missing)


def _refuse_unreadable(connection: Connection, path: Path) -> None:
    """Look for events that a newer version wrote; one that cannot be read would be passed over."""
    kinds = select(EVENTS.c.type, EVENTS.c.schema_version, func.min(EVENTS.c.position)).group_by(
        "type", "schema_version"
    )
    for name, version, position in connection.execute(kinds):
        if not codec.is_known(name, version):
            raise unreadable(
                path, f"event {position} of its log ({name}, version {version}) was written by a newer one"
            )


def _refuse_altered(connection: Connection, path: Path) -> None:
    """Count the events of the log, and hold against their chains the streams that are acted on."""
    count, last = connection.execute(select(func.count(), func.max(EVENTS.c.position)).select_from(EVENTS)).one()
    if count != (last or 0):
        raise altered(path, f"its last event is number {last}, and it has {count}")
    for stream in _places(connection):
        state = environment.fold(_sound(connection, stream, path))
        if state.lock is not None:
            _sound(connection, release_stream(stream.removeprefix(_PLACES), state.lock.ticket), path)


def _places(connection: Connection) -> Sequence[str]:
    """Name the streams of environments."""
    wanted = EVENTS.c.stream.startswith(_PLACES) & (EVENTS.c.version == 1)
    return connection.execute(select(EVENTS.c.stream).where(wanted)).scalars().all()


def _sound(connection: Connection, stream: str, path: Path) -> list[Recorded]:
    """Read a stream whose chain holds."""
    query = select(EVENTS).where(EVENTS.c.stream == stream).order_by(EVENTS.c.version)
    rows = [EventRow._make(row) for row in connection.execute(query)]
    version = first_broken(rows)
    if version is not None:
        raise altered(path, f"version {version} of {stream} is not what was recorded")
    redactions = Redactions(connection)
    complete = [redactions.complete(row) for row in rows]
    gone = next((row.version for row in complete if row.payload is None), None)
    if gone is not None:
        raise altered(path, f"version {gone} of {stream} is gone, and nothing tells who took it out")
    try:
        return [to_recorded(row) for row in complete]
    except UnreadableEvent as error:
        raise unreadable(path, error.message) from error
