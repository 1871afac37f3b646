"""The tables of history: what each event of a release left for questions across releases."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, Table, delete
from sqlalchemy.dialects.sqlite import insert

from released.domain.events import Recorded
from released.domain.forensics.traces import Change, Failed, Placement, Run, StepTime, Trace, traces
from released.domain.releases.release import ReleaseState, evolve
from released.store import instants
from released.store.release_folds import ReleaseFolds, by_release, names_in
from released.store.tables import CHANGES, FAILURES, PLACEMENTS, RUN_SERVICES, RUNS, STEP_TIMES

Line = tuple[Table, Mapping[str, Any]]


class History:
    """Keeps the tables; idempotent, because a trace that is derived again replaces itself."""

    name = "history"
    tables = (CHANGES, RUNS, RUN_SERVICES, FAILURES, PLACEMENTS, STEP_TIMES)

    def __init__(self) -> None:
        self._folds = ReleaseFolds()

    def apply(self, connection: Connection, recorded: Sequence[Recorded]) -> None:
        """Take events in."""
        for table, rows in _by_table(self._traces(connection, recorded)).items():
            connection.execute(insert(table).prefix_with("OR REPLACE"), rows)

    def clear(self, connection: Connection) -> None:
        """Drop every row."""
        self._folds.clear()
        for table in self.tables:
            connection.execute(delete(table))

    def derive(self, environment: str, events: Sequence[Recorded]) -> dict[Table, list[Mapping[str, Any]]]:
        """Give all rows that the record of a ticket leaves; a later one replaces an earlier one with the same key."""
        return _by_table(_all_traces(environment, events))

    def _traces(self, connection: Connection, recorded: Sequence[Recorded]) -> Iterator[Trace]:
        for stream, events in by_release(recorded).items():
            environment, _ = names_in(stream)
            for before, event, after in self._folds.steps(connection, stream, events):
                yield from traces(environment, before, event, after)


def _all_traces(environment: str, events: Sequence[Recorded]) -> Iterator[Trace]:
    state = ReleaseState()
    for recorded in events:
        after = evolve(state, recorded)
        yield from traces(environment, state, recorded, after)
        state = after


def _by_table(found: Iterable[Trace]) -> dict[Table, list[Mapping[str, Any]]]:
    rows: dict[Table, list[Mapping[str, Any]]] = {}
    for trace in found:
        for table, columns in _lines(trace):
            rows.setdefault(table, []).append(columns)
    return rows


def _lines(trace: Trace) -> Iterator[Line]:
    """Give the rows that a trace becomes."""
    origin = {**trace.origin._asdict(), "at": instants.to_text(trace.origin.at)}
    position = origin.pop("position")
    columns = {name: value for name, value in trace._asdict().items() if name != "origin"}
    match trace:
        case Change():
            yield CHANGES, {**origin, **columns}
        case Failed():
            yield FAILURES, {**origin, **columns}
        case Placement():
            yield PLACEMENTS, {**origin, "position": position, **columns}
        case StepTime():
            yield STEP_TIMES, {**origin, **columns}
        case Run():
            yield from _run_lines(trace)


def _run_lines(run: Run) -> Iterator[Line]:
    origin, started = run.origin, instants.to_text(run.started_at)
    key = {"environment": origin.environment, "ticket": origin.ticket, "run": origin.run}
    yield (
        RUNS,
        {
            **key,
            "version": origin.version,
            "started_at": started,
            "ended_at": _text(run.ended_at),
            "state": run.state,
            "by": run.by,
            "services": msgspec.json.encode(run.services).decode(),
        },
    )
    for service in run.services:
        yield RUN_SERVICES, {**key, "service": service, "started_at": started}


def _text(at: dt.datetime | None) -> str | None:
    return instants.to_text(at) if at else None
