"""Events as they lie in the table, for copies of a record that stay provable: with their places and hashes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

from sqlalchemy import Connection, create_engine, insert, select
from sqlalchemy.exc import DBAPIError

from released.store.event_row import EventRow
from released.store.event_store import EventStore
from released.store.schema import bring_up_to_date
from released.store.tables import EVENTS

_AT_ONCE = 1000


def rows_of(store: EventStore, streams: Sequence[str]) -> Iterator[EventRow]:
    """Read the events of these streams in the order of the log."""
    after = 0
    while page := store.query(_page(streams, after)):
        yield from page
        after = page[-1].position


def all_rows(store: EventStore) -> Iterator[EventRow]:
    """Read the whole log."""
    after = 0
    while page := store.query(_page(None, after)):
        yield from page
        after = page[-1].position


def _page(streams: Sequence[str] | None, after: int) -> Callable[[Connection], list[EventRow]]:
    query = select(EVENTS).where(EVENTS.c.position > after).order_by(EVENTS.c.position).limit(_AT_ONCE)
    if streams is not None:
        query = query.where(EVENTS.c.stream.in_(streams))
    return lambda connection: [EventRow._make(row) for row in connection.execute(query)]


def write_log(path: Path, rows: Iterable[EventRow]) -> None:
    """Make a database that holds these events and nothing else.

    Raises:
        ValueError: two events claim one place.
    """
    engine = create_engine(f"sqlite:///{path}")
    try:
        bring_up_to_date(engine, path)
        with engine.begin() as connection:
            left = iter(rows)
            while some := [row._asdict() for row in islice(left, _AT_ONCE)]:
                connection.execute(insert(EVENTS), some)
    except DBAPIError as error:
        raise ValueError(str(error.orig)) from error
    finally:
        engine.dispose()
