"""The event store on SQLite."""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection, Engine, Select, select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError

from released.domain.events import Actor, Recorded
from released.store import leases
from released.store.batch import drafted
from released.store.connections import reader_engine, writer_engine
from released.store.errors import StoreUnusable
from released.store.event_row import to_recorded
from released.store.event_store import EventStore, Fence, StreamWrite
from released.store.heads import Heads
from released.store.jobs import Job
from released.store.notifier import Notifier
from released.store.schema import bring_up_to_date
from released.store.sole_writer import SoleWriter
from released.store.tables import EVENTS
from released.store.writer import Writer

T = TypeVar("T")


def open_store(url: str, on_fatal: Callable[[BaseException], None]) -> EventStore:
    """Open the store that a configuration names, for instance ``sqlite:////var/lib/released/released.db``.

    Raises:
        StoreUnusable: see ``open_sqlite``; or the URL names no SQLite file.
    """
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise StoreUnusable("store_url_invalid", f"{url!r} is not a store: expected sqlite:////path/to/file.") from None
    if parsed.get_backend_name() != "sqlite" or not parsed.database or parsed.database == ":memory:":
        shown = parsed.render_as_string()
        raise StoreUnusable("store_url_invalid", f"{shown!r} is not a store: expected sqlite:////path/to/file.")
    return open_sqlite(Path(parsed.database), on_fatal)


def open_sqlite(path: Path, on_fatal: Callable[[BaseException], None]) -> EventStore:
    """Open the store in a file, which is made where it is missing and migrated where it is old.

    Args:
        path: the database's file; its folder must exist.
        on_fatal: called once, in the writer's thread, after a commit failed; the daemon must end then.

    Raises:
        StoreUnusable: it is in use, was made by a newer version or by another program, or cannot be made durable.
    """
    lock = SoleWriter(path)
    try:
        return SqliteEventStore(path, lock, on_fatal)
    except BaseException:
        lock.close()
        raise


class SqliteEventStore(EventStore):
    """One writing connection in its own thread, and a pool of connections that only read."""

    def __init__(self, path: Path, lock: SoleWriter, on_fatal: Callable[[BaseException], None]) -> None:
        self._lock = lock
        self._closed = False
        self._readers = reader_engine(path)
        self._engine, self._connection, head = _prepared(path)
        self._notifier = Notifier(head)
        self._writer = Writer(self._connection, path, self._notifier.announce, on_fatal)

    def append(self, writes: Sequence[StreamWrite], fence: Fence | None = None) -> tuple[Recorded, ...]:
        """Append to one or several streams; see ``EventStore``."""
        drafts = [drafted(write) for write in writes]
        event_ids = tuple(new.event_id for write in writes for new in write.events)
        return self._writer.submit(Job(lambda batch: batch.append(drafts, fence), event_ids)).result()

    def read(self, stream: str, after: int = 0) -> list[Recorded]:
        """List a stream's events; see ``EventStore``."""
        wanted = (EVENTS.c.stream == stream) & (EVENTS.c.version > after)
        return self._recorded(select(EVENTS).where(wanted).order_by(EVENTS.c.version))

    def read_all(self, after: int = 0, limit: int = 1000) -> list[Recorded]:
        """List events of the whole log; see ``EventStore``."""
        wanted = EVENTS.c.position > after
        return self._recorded(select(EVENTS).where(wanted).order_by(EVENTS.c.position).limit(limit))

    def find(self, event_id: str) -> Recorded | None:
        """Find an event by its id."""
        found = self._recorded(select(EVENTS).where(EVENTS.c.event_id == event_id))
        return found[0] if found else None

    def streams(self, prefix: str) -> list[str]:
        """Name the streams that begin with ``prefix``, sorted."""
        wanted = EVENTS.c.stream.startswith(prefix, autoescape=True) & (EVENTS.c.version == 1)
        query = select(EVENTS.c.stream).where(wanted).order_by(EVENTS.c.stream)
        return self.query(lambda connection: list(connection.execute(query).scalars()))

    def head(self) -> int:
        """Give the position of the last event; 0 for an empty log."""
        return self._notifier.head

    def wait(self, after: int, timeout_s: float) -> int:
        """Block until there is news, the time is over or the store is closed; returns the head."""
        return self._notifier.wait(after, timeout_s)

    def subscribe(self, callback: Callable[[int], None]) -> Callable[[], None]:
        """Call back with the new head after each commit; returns what ends that."""
        return self._notifier.subscribe(callback)

    def take_lease(
        self, environment: str, holder: str, pid: int, boot_id: str, version: str, at: dt.datetime, actor: Actor
    ) -> Fence:
        """Own an environment from here on; see ``EventStore``."""
        request = leases.LeaseRequest(environment, holder, pid, boot_id, version, at, actor)
        return self._writer.submit(Job(lambda batch: leases.take(self._connection, batch, request))).result()

    def project(self, work: Callable[[Connection], T]) -> T:
        """Run work on derived tables in a transaction of its own; see ``EventStore``."""
        return self._writer.submit(Job(lambda _: work(self._connection), alone=True)).result()

    def query(self, work: Callable[[Connection], T]) -> T:
        """Run work that only reads, on a connection that cannot write."""
        with self._readers.connect() as connection:
            return work(connection)

    def close(self) -> None:
        """Finish what is queued and let go of the database; a second call does nothing."""
        if self._closed:
            return
        self._closed = True
        self._writer.close()
        self._notifier.close()
        self._readers.dispose()
        self._connection.close()
        self._engine.dispose()
        self._lock.close()

    def _recorded(self, query: Select[tuple[object, ...]]) -> list[Recorded]:
        return self.query(lambda connection: [to_recorded(row) for row in connection.execute(query)])


def _prepared(path: Path) -> tuple[Engine, Connection, int]:
    """Open the writing connection on a database whose schema is ours; give the log's last position too."""
    try:
        engine = writer_engine(path)
        try:
            bring_up_to_date(engine, path)
            connection = engine.connect()
            with connection.begin():
                return engine, connection, Heads(connection).log().position
        except BaseException:
            engine.dispose()
            raise
    except (DBAPIError, sqlite3.Error, OSError) as error:
        cause = error.orig if isinstance(error, DBAPIError) else error
        raise StoreUnusable("store_unusable", f"The database {path} cannot be opened: {cause}.") from error
