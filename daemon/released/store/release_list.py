"""The table ``releases``: where each ticket's latest run stands, derived from the log."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, Table, delete, select
from sqlalchemy.dialects.sqlite import insert

from released.domain.events import Actor, Recorded
from released.domain.releases.release import ReleaseState, fold
from released.store import codec, instants
from released.store.event_store import EventStore
from released.store.release_folds import ReleaseFolds, by_release, names_in
from released.store.tables import RELEASES


@dataclass(frozen=True)
class ListedRelease:
    """One line of the list of releases."""

    environment: str
    ticket: str
    run: int
    """0 where the ticket was only ever refused."""
    state: str
    phase: str | None
    base_sha: str | None
    merge_sha: str | None
    services: tuple[str, ...]
    started_by: Actor | None
    started_at: dt.datetime | None
    changed_at: dt.datetime
    overrides: int
    """How often an operator decided against the usual way."""
    version: int
    """Version of the release's stream that this line knows of."""


def list_releases(
    store: EventStore, environment: str | None = None, state: str | None = None, limit: int = 100
) -> list[ListedRelease]:
    """List releases, the one that changed last first; tickets without a run are left out."""
    query = select(RELEASES).where(RELEASES.c.run > 0)
    if environment is not None:
        query = query.where(RELEASES.c.environment == environment)
    if state is not None:
        query = query.where(RELEASES.c.state == state)
    newest_first = query.order_by(RELEASES.c.changed_at.desc(), RELEASES.c.ticket).limit(limit)
    return store.query(lambda connection: [_listed(row) for row in connection.execute(newest_first)])


def overridden_tickets(store: EventStore, environment: str, state: str) -> list[str]:
    """Name the releases in a state in which somebody decided against the usual way."""
    rows = RELEASES.c
    query = select(rows.ticket).where(rows.environment == environment, rows.state == state, rows.overrides > 0)
    return store.query(lambda connection: list(connection.execute(query).scalars()))


class ReleaseList:
    """Keeps the table; idempotent, because each row is written whole from the state of its release."""

    name = "releases"
    tables = (RELEASES,)

    def __init__(self) -> None:
        self._folds = ReleaseFolds()

    def apply(self, connection: Connection, recorded: Sequence[Recorded]) -> None:
        """Take events in: one row is written for each release that they change."""
        for stream, events in by_release(recorded).items():
            environment, ticket = names_in(stream)
            *_, (_, _, state) = self._folds.steps(connection, stream, events)
            _replace(connection, _columns(environment, ticket, state))

    def clear(self, connection: Connection) -> None:
        """Drop every row."""
        self._folds.clear()
        connection.execute(delete(RELEASES))

    def derive(self, environment: str, events: Sequence[Recorded]) -> dict[Table, list[Mapping[str, Any]]]:
        """Give the row that the record of a ticket leaves."""
        return {RELEASES: [_columns(environment, names_in(events[0].stream)[1], fold(events))]}


def _columns(environment: str, ticket: str, state: ReleaseState) -> dict[str, Any]:
    plan = state.plan
    return {
        "environment": environment,
        "ticket": ticket,
        "run": state.run,
        "state": state.status,
        "phase": state.phase,
        "base_sha": plan.base_sha if plan else None,
        "merge_sha": plan.merge_sha if plan else None,
        "services": msgspec.json.encode([service.name for service in plan.services] if plan else []).decode(),
        "started_by": codec.encode_actor(state.started_by) if state.started_by else None,
        "started_at": instants.to_text(state.started_at) if state.started_at else None,
        "changed_at": instants.to_text(state.changed_at) if state.changed_at else None,
        "overrides": len(state.overrides),
        "version": state.version,
    }


def _replace(connection: Connection, columns: dict[str, Any]) -> None:
    statement = insert(RELEASES).values(columns)
    connection.execute(statement.on_conflict_do_update(index_elements=["environment", "ticket"], set_=columns))


def _listed(row: Row[Any]) -> ListedRelease:
    return ListedRelease(
        environment=row.environment,
        ticket=row.ticket,
        run=row.run,
        state=row.state,
        phase=row.phase,
        base_sha=row.base_sha,
        merge_sha=row.merge_sha,
        services=msgspec.json.decode(row.services, type=tuple[str, ...]),
        started_by=codec.decode_actor(row.started_by) if row.started_by else None,
        started_at=instants.from_text(row.started_at) if row.started_at else None,
        changed_at=instants.from_text(row.changed_at),
        overrides=row.overrides,
        version=row.version,
    )
