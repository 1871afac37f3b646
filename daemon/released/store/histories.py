"""The histories of releases in a database that a daemon may be using: read on a connection that cannot write."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError

from released.domain.events import Recorded, release_stream
from released.store.connections import inspecting_engine
from released.store.obstacles import met_at_opening
from released.store.redactions import recorded_in
from released.store.tables import EVENTS


def histories(path: Path, environment: str, ticket: str, last: int) -> Iterator[tuple[str, list[Recorded]]]:
    """Read the streams of the releases that changed last, the latest first.

    Args:
        path: the database's file.
        environment: of which they are.
        ticket: the only one; empty: any.
        last: how many at most.

    Raises:
        ReleasedError: the file cannot be read, or one of its events.
    """
    prefix = release_stream(environment, ticket)
    of_it = EVENTS.c.stream == prefix if ticket else EVENTS.c.stream.startswith(prefix, autoescape=True)
    latest = func.max(EVENTS.c.position).desc()
    names = select(EVENTS.c.stream).where(of_it).group_by(EVENTS.c.stream).order_by(latest).limit(last)
    try:
        with inspecting_engine(path).connect() as connection:
            for name in connection.execute(names).scalars().all():
                own = select(EVENTS).where(EVENTS.c.stream == name).order_by(EVENTS.c.version)
                yield name, list(recorded_in(connection, own))
    except (DBAPIError, sqlite3.Error) as error:
        raise met_at_opening(path, error) from error
