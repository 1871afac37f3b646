"""What tells how an environment stood at a moment, out of a stream that is mostly locks that were taken and freed."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import Connection, Select, select

from released.domain.events import LockFreed, LockTaken, Recorded
from released.store import codec, instants
from released.store.event_store import EventStore
from released.store.redactions import recorded_in
from released.store.tables import EVENTS

_LOCKS = tuple(map(codec.type_name, (LockTaken, LockFreed)))


def telling_events(store: EventStore, stream: str, at: dt.datetime) -> list[Recorded]:
    """Give the events of an environment that its state at a moment hangs on: the last lock, and all that is no lock.

    To fold them gives the same as to fold everything until then (``domain.forensics.moment.until``).
    """

    def work(connection: Connection) -> list[Recorded]:
        last = connection.execute(_newest(stream).where(EVENTS.c.at <= instants.to_text(at))).scalar() or 0
        by_then = EVENTS.c.version <= last
        locks = [connection.execute(_newest(stream).where(by_then, EVENTS.c.type == lock)).scalar() for lock in _LOCKS]
        telling = EVENTS.c.type.not_in(_LOCKS) | EVENTS.c.version.in_([lock for lock in locks if lock])
        query = select(EVENTS).where(EVENTS.c.stream == stream, by_then, telling).order_by(EVENTS.c.version)
        return list(recorded_in(connection, query))

    return store.query(work)


def _newest(stream: str) -> Select[tuple[int]]:
    """Ask for the newest version of a stream."""
    return select(EVENTS.c.version).where(EVENTS.c.stream == stream).order_by(EVENTS.c.version.desc()).limit(1)
