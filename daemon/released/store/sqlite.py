"""The event store on SQLite."""

from __future__ import annotations

import datetime as dt
import logging
import sqlite3
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DatabaseError, DBAPIError

from released.domain.events import Actor, Recorded
from released.store import leases
from released.store.backup import keep_former
from released.store.batch import Batch, drafted
from released.store.connections import inspecting_engine, reader_engine, writer_engine
from released.store.errors import ReadOnly, StoreUnreadable, StoreUnusable
from released.store.event_store import EventStore, Fence, StreamWrite
from released.store.exposure import refuse_exposed
from released.store.heads import Heads
from released.store.inspection import refuse_unsound
from released.store.jobs import Job
from released.store.notifier import Notifier
from released.store.obstacles import met_at_opening, refuse_unwritable_place
from released.store.reading import RecordReader
from released.store.schema import HEAD, bring_up_to_date, revision_of
from released.store.shredding import shred
from released.store.sole_writer import SoleWriter
from released.store.writer import Writer

T = TypeVar("T")

_LOG = logging.getLogger(__name__)

_UNREADABLE = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CANTOPEN)
"""What SQLite says where the file or its disk has failed, and no statement was wrong."""


def open_store(url: str, on_fatal: Callable[[BaseException], None], state: Path | None = None) -> EventStore:
    """Open the store that a configuration names, for instance ``sqlite:////var/lib/released/released.db``.

    See ``open_sqlite`` for the arguments.

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
    return open_sqlite(Path(parsed.database), on_fatal, state)


def open_sqlite(path: Path, on_fatal: Callable[[BaseException], None], state: Path | None = None) -> EventStore:
    """Open the store in a file, which is made where it is missing and migrated where it is old.

    Args:
        path: the database's file; its folder must exist.
        on_fatal: called once, in the writer's thread, after a commit failed; the daemon must end then.
        state: the state folder by which another daemon that wants the file is told of this one; the file's own folder
            where it is left out.

    Raises:
        ReadOnly: it can be read and not be written: the disk is full, or see ``refuse_unsound``.
        StoreUnusable: it is in use, others may write to it, another program made it, or it cannot be made durable.
    """
    refuse_exposed(path, state or path.parent)
    refuse_unwritable_place(path)
    lock = SoleWriter(path, state or path.parent)
    try:
        _look_at(path)
        return SqliteEventStore(path, lock, on_fatal)
    except BaseException:
        lock.close()
        raise


class SqliteEventStore(RecordReader):
    """One writing connection in its own thread, and a pool of connections that only read."""

    def __init__(self, path: Path, lock: SoleWriter, on_fatal: Callable[[BaseException], None]) -> None:
        self._path = path
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

    def redact(self, writes: Sequence[StreamWrite], positions: Collection[int]) -> tuple[Recorded, ...]:
        """Append what is read in the place of some events, and take their payloads away; see ``EventStore``."""
        drafts = [drafted(write) for write in writes]
        event_ids = tuple(new.event_id for write in writes for new in write.events)

        def work(batch: Batch) -> tuple[Recorded, ...]:
            recorded = batch.append(drafts, None)  # first: it looks at the streams as they are
            shred(self._connection, positions)
            return recorded

        return self._writer.submit(Job(work, event_ids, alone=True)).result()

    @property
    def read_only(self) -> ReadOnly | None:
        """Why nothing can be written now: the disk was full at the last commit, and still is."""
        full = self._writer.full
        return full if full is not None and not full.is_over() else None

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
        try:
            with self._readers.connect() as connection:
                return work(connection)
        except DatabaseError as error:
            if getattr(error.orig, "sqlite_errorcode", 0) & 0xFF not in _UNREADABLE:
                raise
            raise StoreUnreadable(self._path, str(error.orig)) from error

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


def _look_at(path: Path) -> None:
    """Look at a database before anything is done to it, and keep a copy of one that is to be migrated.

    One that is to be made needs no look.
    """
    if not path.exists():
        return
    try:
        engine = inspecting_engine(path)
        with engine.connect() as connection:
            refuse_unsound(connection, path)
            revision = revision_of(connection, path)
    except (sqlite3.Error, OSError) as error:
        raise met_at_opening(path, error) from error
    if revision and revision < HEAD:
        _keep_former(path)


def _keep_former(path: Path) -> None:
    try:
        copy = keep_former(path, HEAD)
    except StoreUnusable:
        refuse_unwritable_place(path)
        raise
    _LOG.warning("the schema is migrated to %s; the record as it was is kept in %s", HEAD, copy)


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
        raise met_at_opening(path, error) from error
