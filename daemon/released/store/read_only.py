"""A record that can be read and not be written to: all questions are answered, and whatever would append is refused."""

from __future__ import annotations

import contextlib
import logging
import sqlite3
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NoReturn, TypeVar

from sqlalchemy import Connection, Engine, StaticPool, create_engine, func, select
from sqlalchemy.exc import DBAPIError

from released.domain.errors import ReleasedError
from released.store import checkpoints
from released.store.connections import readable_uri
from released.store.errors import ReadOnly, StoreUnreadable, StoreUnusable
from released.store.history import History
from released.store.notifier import Notifier
from released.store.reading import RecordReader
from released.store.release_list import ReleaseList
from released.store.tables import CHECKPOINTS, EVENTS, METADATA, RELEASES

T = TypeVar("T")

_LOG = logging.getLogger(__name__)


class ReadOnlyStore(RecordReader):
    """Reads the events where they are; what is derived from them is derived anew, in memory.

    The tables that are derived may be behind, missing, or of another version; those in memory are none of that.

    Args:
        path: the database's file.
        reason: why nothing can be written to it.

    Raises:
        StoreUnusable: it cannot be read either.
    """

    def __init__(self, path: Path, reason: ReadOnly) -> None:
        self._path = path
        self._reason = reason
        self._turn = threading.Lock()
        self._engine, head = _opened(path, reason)
        self._notifier = Notifier(head)
        self._derive()

    @property
    def read_only(self) -> ReadOnly | None:
        """Why nothing can be written."""
        return self._reason

    def append(self, *_: object, **__: object) -> NoReturn:
        """Refuse."""
        raise self._reason.with_traceback(None)

    def redact(self, *_: object, **__: object) -> NoReturn:
        """Refuse."""
        raise self._reason.with_traceback(None)

    def take_lease(self, *_: object, **__: object) -> NoReturn:
        """Refuse."""
        raise self._reason.with_traceback(None)

    def project(self, *_: object, **__: object) -> NoReturn:
        """Refuse."""
        raise self._reason.with_traceback(None)

    def query(self, work: Callable[[Connection], T]) -> T:
        """Run work that only reads, one at a time."""
        try:
            with self._turn, self._engine.connect() as connection:
                return work(connection)
        except DBAPIError as error:
            raise StoreUnreadable(self._path, str(error.orig)) from error

    def head(self) -> int:
        """Give the position of the last event."""
        return self._notifier.head

    def wait(self, after: int, timeout_s: float) -> int:
        """Block until the time is over or the store is closed: nothing is appended."""
        return self._notifier.wait(after, timeout_s)

    def subscribe(self, callback: Callable[[int], None]) -> Callable[[], None]:
        """Never call back."""
        return self._notifier.subscribe(callback)

    def close(self) -> None:
        """Let go of the database; a second call does nothing."""
        self._notifier.close()
        self._engine.dispose()

    def _derive(self) -> None:
        """Make what is derived; a release that cannot be read is left out of it."""
        views = (ReleaseList(), History())
        for stream in self._release_streams():
            try:
                events = self.read(stream)
                for view in views:
                    self.query(partial(view.apply, recorded=events))
            except ReleasedError as error:  # an event that cannot be read, or that does not follow from the others
                _LOG.warning("%s is not listed: %s", stream, error)
        names = [view.name for view in views]
        self.query(lambda connection: checkpoints.save(connection, names, self.head()))

    def _release_streams(self) -> list[str]:
        """Name what is to be listed; where even that cannot be read, the list is shown as it was stored."""
        try:
            return self.streams("release/")
        except StoreUnreadable as error:
            _LOG.warning("releases are listed as they were stored: %s", error)
            self.query(RELEASES.drop)  # of the one in memory: the name means the stored one now
            return []


def _opened(path: Path, reason: ReadOnly) -> tuple[Engine, int]:
    """Attach the record; give the log's last position too."""
    engine = create_engine("sqlite://", creator=lambda: _attached(path), poolclass=StaticPool)
    try:
        METADATA.create_all(engine, tables=[CHECKPOINTS, RELEASES, *History.tables], checkfirst=False)
        with engine.connect() as connection:
            connection.execute(select(EVENTS).limit(0))
            return engine, _head(connection)
    except (DBAPIError, sqlite3.Error) as error:
        engine.dispose()
        cause = error.orig if isinstance(error, DBAPIError) else error
        raise StoreUnusable("store_unreadable", f"{reason.why} Nor can it be read: {cause}.") from error


def _head(connection: Connection) -> int:
    """Give the position of the last event; 0 where that part of the file is damaged."""
    with contextlib.suppress(DBAPIError):
        return connection.execute(select(func.max(EVENTS.c.position))).scalar() or 0
    return 0


def _attached(path: Path) -> sqlite3.Connection:
    """Open a database in memory, for what is derived, to which the record is attached for reading."""
    connection = sqlite3.connect(":memory:", uri=True, isolation_level=None, check_same_thread=False)
    connection.execute("ATTACH ? AS record", (readable_uri(path),))
    return connection
