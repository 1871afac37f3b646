"""Questions to the tables of history; each is answered from an index, whatever the length of the log."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Column, ColumnElement, Connection, Row, and_, exists, func, select

from released.store import instants
from released.store.event_store import EventStore
from released.store.tables import CHANGES, FAILURES, PLACEMENTS, RELEASES, RUN_SERVICES, RUNS, STEP_TIMES


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
) -> list[str]:
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
    query = select(CHANGES.c.ticket).where(by_then, ~superseded)
    if state is not None:
        query = query.where(CHANGES.c.state == state)
    newest_first = query.order_by(CHANGES.c.at.desc(), CHANGES.c.ticket).limit(limit)
    return store.query(lambda connection: list(connection.execute(newest_first).scalars()))


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
    """Give what the service's latest placement left, without what was removed since; in the order of the log."""
    rows = PLACEMENTS.c
    by_then = and_(rows.environment == environment, rows.service == service, rows.at <= at)
    newest = select(rows.position).where(by_then, rows.container_id != "").order_by(rows.position.desc()).limit(1)
    latest = connection.execute(newest).scalar()
    if latest is None:
        return []
    gone = select(rows.container).where(by_then, rows.position > latest, rows.container_id == "")
    removed = set(connection.execute(gone).scalars())
    left = select(PLACEMENTS).where(by_then, rows.position == latest).order_by(rows.container)
    found = connection.execute(left)
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


class RunFilter(NamedTuple):
    """Which runs are meant; what is ``None`` excludes none."""

    ticket: str | None = None
    service: str | None = None
    since: dt.datetime | None = None
    state: str | None = None
    by: str | None = None
    code: str | None = None


class PastRun(NamedTuple):
    """A run as it stands."""

    ticket: str
    run: int
    state: str
    started_at: dt.datetime
    ended_at: dt.datetime | None
    by: str
    services: tuple[str, ...]


class PastFailure(NamedTuple):
    """A halt of a run."""

    version: int
    at: dt.datetime
    code: str
    cause: str
    phase: str
    step: str


class PastStep(NamedTuple):
    """An attempt of a step that ended."""

    step: str
    at: dt.datetime
    seconds: float


def runs(store: EventStore, environment: str, wanted: RunFilter, limit: int) -> list[PastRun]:
    """List runs, the one that began last first."""
    query = select(RUNS).where(RUNS.c.environment == environment)
    if wanted.service is not None:
        same_run = and_(RUN_SERVICES.c.ticket == RUNS.c.ticket, RUN_SERVICES.c.run == RUNS.c.run)
        query = query.join(RUN_SERVICES, same_run).where(
            RUN_SERVICES.c.environment == environment, RUN_SERVICES.c.service == wanted.service
        )
    if wanted.ticket is not None:
        query = query.where(RUNS.c.ticket == wanted.ticket)
    if wanted.since is not None:
        query = query.where(RUNS.c.started_at >= instants.to_text(wanted.since))
    if wanted.state is not None:
        query = query.where(RUNS.c.state == wanted.state)
    if wanted.by is not None:
        query = query.where(RUNS.c.by == wanted.by)
    if wanted.code is not None:
        query = query.where(
            exists().where(
                FAILURES.c.environment == environment,
                FAILURES.c.ticket == RUNS.c.ticket,
                FAILURES.c.run == RUNS.c.run,
                # Not by the index of codes, which would be gone through for each run: a run halts but few times.
                func.coalesce(FAILURES.c.code, "") == wanted.code,
            )
        )
    newest_first = query.order_by(RUNS.c.started_at.desc(), RUNS.c.ticket).limit(limit)
    return store.query(lambda connection: [_run(row) for row in connection.execute(newest_first)])


class Before(NamedTuple):
    """The latest of something in an environment before a moment; a ticket stands there once for each time."""

    environment: str
    at: dt.datetime
    limit: int


def tickets_run(store: EventStore, before: Before) -> list[str]:
    """List the tickets that were run, the latest first."""
    rows = RUNS.c
    return _tickets(store, before, rows.environment, rows.started_at, rows.ticket)


def tickets_refused(store: EventStore, before: Before) -> list[str]:
    """List the tickets that were only ever refused, the latest first."""
    rows = RELEASES.c
    return _tickets(store, before, rows.environment, rows.changed_at, rows.ticket, rows.run == 0)


def tickets_that_failed(store: EventStore, before: Before, code: str) -> list[str]:
    """List the tickets whose runs halted with a code, the latest first."""
    rows = FAILURES.c
    return _tickets(store, before, rows.environment, rows.at, rows.ticket, rows.code == code)


def tickets_of_service(store: EventStore, before: Before, service: str) -> list[str]:
    """List the tickets whose runs affected a service, the latest first."""
    rows = RUN_SERVICES.c
    return _tickets(store, before, rows.environment, rows.started_at, rows.ticket, rows.service == service)


def _tickets(
    store: EventStore,
    before: Before,
    environment: Column[str],
    at: Column[str],
    ticket: Column[str],
    *wanted: ColumnElement[bool],
) -> list[str]:
    earlier = select(ticket).where(environment == before.environment, at < instants.to_text(before.at), *wanted)
    query = earlier.order_by(at.desc()).limit(before.limit)
    return store.query(lambda connection: list(connection.execute(query).scalars()))


def end_of_run(store: EventStore, environment: str, ticket: str, run: int) -> dt.datetime | None:
    """Tell when a run was over; ``None`` where it is not, or is none."""
    rows = RUNS.c
    query = select(rows.ended_at).where(rows.environment == environment, rows.ticket == ticket, rows.run == run)
    ended = store.query(lambda connection: connection.execute(query).scalar())
    return instants.from_text(ended) if ended else None


def failures_of(store: EventStore, environment: str, ticket: str, run: int) -> list[PastFailure]:
    """List the halts of a run, in order."""
    rows = FAILURES.c
    query = select(rows.version, rows.at, rows.code, rows.cause, rows.phase, rows.step)
    of_run = query.where(rows.environment == environment, rows.ticket == ticket, rows.run == run)
    return store.query(
        lambda connection: [
            PastFailure(row.version, instants.from_text(row.at), row.code, row.cause, row.phase, row.step)
            for row in connection.execute(of_run.order_by(rows.version))
        ]
    )


def steps_of(store: EventStore, environment: str, ticket: str, run: int) -> list[PastStep]:
    """List the attempts of a run's steps that succeeded, in order."""
    rows = STEP_TIMES.c
    of_run = select(rows.step, rows.at, rows.seconds).where(
        rows.environment == environment, rows.ticket == ticket, rows.run == run, rows.outcome == "succeeded"
    )
    return store.query(
        lambda connection: [
            PastStep(row.step, instants.from_text(row.at), row.seconds)
            for row in connection.execute(of_run.order_by(rows.version))
        ]
    )


def times_before(store: EventStore, environment: str, step: str, before: dt.datetime, limit: int) -> list[float]:
    """List how many seconds a step took when it last succeeded before a moment, the latest first."""
    rows = STEP_TIMES.c
    earlier = select(rows.seconds).where(
        rows.environment == environment,
        rows.step == step,
        rows.at < instants.to_text(before),
        rows.outcome == "succeeded",
    )
    latest = earlier.order_by(rows.at.desc()).limit(limit)
    return store.query(lambda connection: list(connection.execute(latest).scalars()))


def _run(row: Row[Any]) -> PastRun:
    return PastRun(
        ticket=row.ticket,
        run=row.run,
        state=row.state,
        started_at=instants.from_text(row.started_at),
        ended_at=instants.from_text(row.ended_at) if row.ended_at else None,
        by=row.by,
        services=msgspec.json.decode(row.services, type=tuple[str, ...]),
    )
