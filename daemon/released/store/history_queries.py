"""Questions to the tables of history; each is answered from an index, whatever the length of the log."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import NamedTuple

from sqlalchemy import Connection, and_, exists, func, select

from released.store import instants
from released.store.event_store import EventStore
from released.store.tables import CHANGES, PLACEMENTS


class Standing(NamedTuple):
    """Where a ticket's latest run stood: after this event of its stream."""

    ticket: str
    version: int


class Placed(NamedTuple):
    """A container that stood, and the event that put it there."""

    service: str
    container: str
    container_id: str
    reference: str
    image_id: str
    digest: str
    ticket: str
    run: int
    version: int
    at: dt.datetime


def standing_at(
    store: EventStore, environment: str, at: dt.datetime, limit: int, state: str | None = None
) -> list[Standing]:
    """List the tickets that had been run by then, the one that changed last first.

    Args:
        store: the store.
        environment: its name.
        at: the moment.
        limit: how many at most.
        state: only those that were in this state.
    """
    later = CHANGES.alias()
    by_then = (CHANGES.c.environment == environment) & (CHANGES.c.at <= instants.to_text(at))
    superseded = exists().where(
        later.c.environment == CHANGES.c.environment,
        later.c.ticket == CHANGES.c.ticket,
        later.c.version > CHANGES.c.version,
        later.c.at <= instants.to_text(at),
    )
    query = select(CHANGES.c.ticket, CHANGES.c.version).where(by_then, ~superseded)
    if state is not None:
        query = query.where(CHANGES.c.state == state)
    newest_first = query.order_by(CHANGES.c.at.desc(), CHANGES.c.ticket).limit(limit)
    return store.query(lambda connection: [Standing(*row) for row in connection.execute(newest_first)])


def placed_at(store: EventStore, environment: str, at: dt.datetime, service: str | None = None) -> list[Placed]:
    """List the containers that releases had put in place by then, by service and name.

    Args:
        store: the store.
        environment: its name.
        at: the moment.
        service: only those of this one.
    """

    def work(connection: Connection) -> list[Placed]:
        services = [service] if service is not None else list(_services(connection, environment))
        return [placed for name in services for placed in _placed(connection, environment, name, instants.to_text(at))]

    return store.query(work)


def _services(connection: Connection, environment: str) -> Iterator[str]:
    """Name the services that releases ever placed, by a step in the index for each."""
    name = ""
    while True:
        after = (PLACEMENTS.c.environment == environment) & (PLACEMENTS.c.service > name)
        found = connection.execute(select(func.min(PLACEMENTS.c.service)).where(after)).scalar()
        if found is None:
            return
        yield (name := found)


def _placed(connection: Connection, environment: str, service: str, at: str) -> list[Placed]:
    """Give what the service's latest placement left, without what was removed since."""
    rows = PLACEMENTS.c
    by_then = and_(rows.environment == environment, rows.service == service, rows.at <= at)
    newest = select(rows.at, rows.ticket, rows.version).where(by_then, rows.container_id != "")
    latest = connection.execute(newest.order_by(rows.at.desc(), rows.version.desc()).limit(1)).one_or_none()
    if latest is None:
        return []
    gone = select(rows.container).where(by_then, rows.at > latest.at, rows.container_id == "")
    removed = set(connection.execute(gone).scalars())
    same = and_(by_then, rows.at == latest.at, rows.ticket == latest.ticket, rows.version == latest.version)
    found = connection.execute(select(PLACEMENTS).where(same).order_by(rows.container))
    return [
        Placed(
            service=row.service,
            container=row.container,
            container_id=row.container_id,
            reference=row.reference,
            image_id=row.image_id,
            digest=row.digest,
            ticket=row.ticket,
            run=row.run,
            version=row.version,
            at=instants.from_text(row.at),
        )
        for row in found
        if row.container not in removed
    ]
