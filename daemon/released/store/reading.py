"""What is read from the tables of the record, whoever else may write to them."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import Connection, Select, func, select

from released.domain.events import Recorded
from released.store.event_store import EventStore
from released.store.redactions import recorded_in
from released.store.tables import EVENTS

T = TypeVar("T")


class RecordReader(EventStore):
    """The reading half of an event store; ``query`` is what it reads with."""

    def read(self, stream: str, after: int = 0) -> list[Recorded]:
        """List a stream's events; see ``EventStore``."""
        wanted = (EVENTS.c.stream == stream) & (EVENTS.c.version > after)
        return self._recorded(select(EVENTS).where(wanted).order_by(EVENTS.c.version))

    def read_all(self, after: int = 0, limit: int = 1000) -> list[Recorded]:
        """List events of the whole log; see ``EventStore``."""
        wanted = EVENTS.c.position > after
        return self._recorded(select(EVENTS).where(wanted).order_by(EVENTS.c.position).limit(limit))

    def version(self, stream: str) -> int:
        """Give the version of a stream's last event; 0 where it has none."""
        query = select(func.max(EVENTS.c.version)).where(EVENTS.c.stream == stream)
        return self.query(lambda connection: connection.execute(query).scalar() or 0)

    def find(self, event_id: str) -> Recorded | None:
        """Find an event by its id."""
        found = self._recorded(select(EVENTS).where(EVENTS.c.event_id == event_id))
        return found[0] if found else None

    def log_hash(self, position: int) -> str | None:
        """Give the hash of the log at a position; see ``EventStore``."""
        query = select(EVENTS.c.log_hash).where(EVENTS.c.position == position)
        return self.query(lambda connection: connection.execute(query).scalar_one_or_none())

    def streams(self, prefix: str) -> list[str]:
        """Name the streams that begin with ``prefix``, sorted."""
        wanted = EVENTS.c.stream.startswith(prefix, autoescape=True) & (EVENTS.c.version == 1)
        query = select(EVENTS.c.stream).where(wanted).order_by(EVENTS.c.stream)
        return self.query(lambda connection: list(connection.execute(query).scalars()))

    @abstractmethod
    def query(self, work: Callable[[Connection], T]) -> T:
        """Run work that only reads; see ``EventStore``."""

    def _recorded(self, query: Select[tuple[object, ...]]) -> list[Recorded]:
        return self.query(lambda connection: list(recorded_in(connection, query)))
