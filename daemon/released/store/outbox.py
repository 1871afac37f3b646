"""Where the webhook stands in the log: what is settled, and what was asked for again."""

from __future__ import annotations

import datetime as dt
import threading

from sqlalchemy import Connection, func, select

from released.store import checkpoints, instants
from released.store.event_store import EventStore
from released.store.tables import EVENTS

_SETTLED = "webhook"
_ASKED_FOR = "webhook/asked-for"


class Outbox:
    """A position in the log, kept over restarts; safe to use from any thread.

    The first time it begins at the end of the log: nobody wants to hear of years that are over.
    """

    def __init__(self, store: EventStore) -> None:
        self._store = store
        self._turn = threading.Lock()
        marks = store.query(checkpoints.stored)
        if _SETTLED not in marks:
            marks[_SETTLED] = store.head()
            store.project(lambda connection: checkpoints.save(connection, [_SETTLED], marks[_SETTLED]))
        self._settled, self._asked_for = marks[_SETTLED], marks.get(_ASKED_FOR, 0)

    @property
    def position(self) -> int:
        """Everything up to this position of the log is settled."""
        return self._settled

    def is_asked_for(self, position: int) -> bool:
        """Tell whether an event is to be told however old it is."""
        return position <= self._asked_for

    def settle(self, before: int, position: int, *, durably: bool) -> bool:
        """Go on from one position to another; false where older events were asked for meanwhile.

        Args:
            before: where it stood when the events behind it were read.
            position: up to which all is settled now.
            durably: whether a restart must know it. What needs no message may be looked at twice, which is cheaper.
        """
        with self._turn:
            if self._settled != before:
                return False
            if durably:
                self._store.project(lambda connection: checkpoints.save(connection, [_SETTLED], position))
            self._settled = position
            return True

    def ask_again(self, since: dt.datetime) -> None:
        """Go back to before the first event since a time, for all events up to now, however old."""
        with self._turn:
            first = self._store.query(lambda connection: _first_since(connection, since))
            head = self._store.head()
            settled = min(self._settled, head if first is None else first - 1)
            self._store.project(lambda connection: _save(connection, settled, head))
            self._settled, self._asked_for = settled, head


def _first_since(connection: Connection, since: dt.datetime) -> int | None:
    query = select(func.min(EVENTS.c.position)).where(EVENTS.c.at >= instants.to_text(since))
    return connection.execute(query).scalar()


def _save(connection: Connection, settled: int, asked_for: int) -> None:
    checkpoints.save(connection, [_SETTLED], settled)
    checkpoints.save(connection, [_ASKED_FOR], asked_for)
