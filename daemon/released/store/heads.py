"""Where every stream and the log end: what the writer holds each append against, read once and then kept.

Nobody else writes, as long as nobody gets around the lock of the store. Where somebody did, a daemon that was stopped
for a while meets the other's events and epochs: SQLite tells that another connection wrote, and all is read anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, select

from released.domain.releases import lifecycle
from released.store.connections import driver
from released.store.event_row import EventRow, to_recorded
from released.store.hash_chain import GENESIS
from released.store.redactions import Redactions
from released.store.tables import EVENTS, LEASES


@dataclass(frozen=True)
class StreamHead:
    """The end of a stream: its version, what its life cycle says, and the last link of its chain."""

    version: int
    status: str
    stream_hash: str


@dataclass(frozen=True)
class LogHead:
    """The end of the log: its position and the last link of its chain."""

    position: int
    log_hash: str


class Heads:
    """The ends as the next transaction will find them; belongs to the thread that writes."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._streams: dict[str, StreamHead] = {}
        self._epochs: dict[str, int] = {}
        self._log: LogHead | None = None
        self._data_version: int | None = None

    def look(self) -> None:
        """Drop everything where another connection has written since; the transaction has the write lock."""
        (version,) = driver(self._connection).execute("PRAGMA data_version").fetchone()
        if version != self._data_version:
            self.forget()
        self._data_version = version

    def stream(self, name: str) -> StreamHead:
        """Give the end of a stream, folded from its events at the first question."""
        if name not in self._streams:
            self._streams[name] = self._load_stream(name)
        return self._streams[name]

    def log(self) -> LogHead:
        """Give the end of the log."""
        if self._log is None:
            self._log = self._load_log()
        return self._log

    def epoch(self, environment: str) -> int:
        """Give the epoch of an environment's newest lease; 0 where none was ever taken."""
        if environment not in self._epochs:
            query = select(LEASES.c.epoch).where(LEASES.c.environment == environment)
            self._epochs[environment] = self._connection.execute(query).scalar() or 0
        return self._epochs[environment]

    def advance(self, streams: Mapping[str, StreamHead], log: LogHead) -> None:
        """Note the ends after an append that is part of the transaction."""
        self._streams.update(streams)
        self._log = log

    def advance_epoch(self, environment: str, epoch: int) -> None:
        """Note a lease that is part of the transaction."""
        self._epochs[environment] = epoch

    def forget(self) -> None:
        """Drop everything after a rollback; it is read again when it is needed."""
        self._streams.clear()
        self._epochs.clear()
        self._log = None

    def _load_stream(self, name: str) -> StreamHead:
        query = select(EVENTS).where(EVENTS.c.stream == name).order_by(EVENTS.c.version)
        head = StreamHead(0, lifecycle.initial_status(name), GENESIS)
        redactions = Redactions(self._connection)
        for row in self._connection.execute(query):
            recorded = to_recorded(redactions.complete(EventRow._make(row)))
            status = lifecycle.next_status(name, head.status, recorded.event)
            head = StreamHead(row.version, status, row.stream_hash)
        return head

    def _load_log(self) -> LogHead:
        query = select(EVENTS.c.position, EVENTS.c.log_hash).order_by(EVENTS.c.position.desc()).limit(1)
        row = self._connection.execute(query).one_or_none()
        return LogHead(row.position, row.log_hash) if row else LogHead(0, GENESIS)
