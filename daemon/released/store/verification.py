"""Whether the record is whole and all that is derived from it agrees with it: every table, against the events.

Everything is read in one transaction, so that a daemon that goes on meanwhile disturbs nothing. It costs what the log
holds: nothing less than reading each event shows that none was touched.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Connection, Table, func, select

from released.domain import events as ev
from released.domain.errors import ReleasedError
from released.domain.events import Recorded
from released.domain.releases import narration
from released.store import checkpoints, codec, hash_chain, instants
from released.store.event_row import EventRow, to_recorded
from released.store.history import History
from released.store.projections import Lines
from released.store.redactions import Redactions, recorded_in
from released.store.release_folds import names_in
from released.store.release_list import ReleaseList
from released.store.tables import EVENTS, LEASES

_BY_STREAM = (EVENTS.c.stream, EVENTS.c.version)


class Finding(NamedTuple):
    """Something that is not as it was written."""

    subject: str
    """``log``, or the name of a table."""
    message: str
    position: int
    """Of the first bad event in the log; 0 where it is none."""


class Verified(NamedTuple):
    """What was looked at, and what was found."""

    events: int
    log_hash: str
    """The last link: it stands for the whole log."""
    findings: tuple[Finding, ...]
    redactions: tuple[Finding, ...] = ()
    """What was taken out of it, by whom and why: no finding, and not what stood there once."""


def verify(connection: Connection) -> Verified:
    """Look the whole record through; the connection only reads."""
    connection.exec_driver_sql("BEGIN")
    try:
        return _verified(connection)
    finally:
        connection.exec_driver_sql("ROLLBACK")


def verify_streams(connection: Connection) -> Verified:
    """Look through a record that holds some streams of a log only: each by itself; the connection only reads."""
    rows = [EventRow._make(row) for row in connection.execute(select(EVENTS).order_by(*_BY_STREAM))]
    found = [_broken_stream(name, list(stream)) for name, stream in groupby(rows, key=lambda row: row.stream)]
    last = max((row.position, row.log_hash) for row in rows)[1] if rows else hash_chain.GENESIS
    findings = tuple(one for one in found if one is not None)
    return Verified(len(rows), last, findings, () if findings else tuple(_redactions(connection)))


def _broken_stream(name: str, rows: Sequence[EventRow]) -> Finding | None:
    version = hash_chain.first_broken(rows)
    if version is None:
        return None
    position = rows[min(version, len(rows)) - 1].position
    return Finding("log", f"Event {version} of {name} is not the one that was recorded there.", position)


def _verified(connection: Connection) -> Verified:
    last = connection.execute(select(EVENTS.c.log_hash).order_by(EVENTS.c.position.desc()).limit(1)).scalar()
    events = connection.execute(select(func.count()).select_from(EVENTS)).scalar() or 0
    log = tuple(_log(connection))
    derived = () if log else (*_leases(connection), *_derived(connection))
    redactions = () if log else tuple(_redactions(connection))
    return Verified(events, last or hash_chain.GENESIS, (*log, *derived), redactions)


def _redactions(connection: Connection) -> Iterator[Finding]:
    """Tell what was taken out: a redaction that nobody knows of replaces text as well as one that a person made."""
    of_type = EVENTS.c.type == codec.type_name(ev.Redacted)
    for one in recorded_in(connection, select(EVENTS).where(of_type).order_by(EVENTS.c.position)):
        told = f"{one.stream}, {one.at:%Y-%m-%d %H:%M:%SZ}, {one.actor.name}: {narration.line(one.event)}"
        yield Finding("redaction", told, one.position)


# --- the log -----------------------------------------------------------------------------------------------------


def _log(connection: Connection) -> Iterator[Finding]:
    """Follow the chain; and read each event, for one that nobody can read is no record."""
    rows = (EventRow._make(row) for row in connection.execute(select(EVENTS).order_by(EVENTS.c.position)))
    position = hash_chain.verify(rows)
    if position is not None:
        yield Finding("log", _described(connection, position), position)
        return
    yield from _cut_end(connection)
    redactions = Redactions(connection)
    for row in connection.execute(select(EVENTS).order_by(EVENTS.c.position)):
        try:
            to_recorded(redactions.complete(EventRow._make(row)))
        except ReleasedError as error:
            yield Finding("log", error.message, row.position)
            return


def _cut_end(connection: Connection) -> Iterator[Finding]:
    """A chain does not show what is missing at its end; what followed the log once knows how far it went."""
    last = connection.execute(select(func.max(EVENTS.c.position))).scalar() or 0
    followed = max(checkpoints.stored(connection).values(), default=0)
    if followed > last:
        lacking = f"The log ends with event {last}, and event {followed} was there: its end was cut off."
        yield Finding("log", f"{lacking} Put a backup of the record in its place.", last + 1)


def _described(connection: Connection, position: int) -> str:
    found = connection.execute(select(EVENTS).where(EVENTS.c.position == position)).one_or_none()
    if found is None:
        return f"Event {position} of the log is missing, and others stand behind it."
    which = f"Event {position} of the log ({found.type}, event {found.version} of {found.stream})"
    return f"{which} is not the one that was recorded there, or its predecessor is not."


# --- what is derived ---------------------------------------------------------------------------------------------


def _leases(connection: Connection) -> Iterator[Finding]:
    """Hold each newest lease against the event that tells of it."""
    rows = {row.environment: row for row in connection.execute(select(LEASES))}
    told = {one.stream.partition("/")[2]: one for one in _events(connection, "environment/", None) if _is_lease(one)}
    for name in sorted(rows.keys() | told.keys()):
        row, recorded = rows.get(name), told.get(name)
        if row is None or recorded is None or tuple(row) != _lease(name, recorded):
            position = recorded.position if recorded else 0
            yield Finding("leases", f"The lease of {name} is not the one that was recorded last.", position)


def _lease(environment: str, recorded: Recorded) -> tuple[Any, ...]:
    return (environment, *msgspec.structs.astuple(recorded.event), instants.to_text(recorded.at))


def _is_lease(recorded: Recorded) -> bool:
    return isinstance(recorded.event, ev.LeaseTaken)


def _derived(connection: Connection) -> Iterator[Finding]:
    """Derive each table anew, up to where its projection has come, and compare."""
    views = (ReleaseList(), History())
    positions = checkpoints.load(connection, [view.name for view in views])
    for view in views:
        fresh = _derive(connection, positions[view.name], view.derive)
        for table in view.tables:
            yield from _compared(connection, table, fresh.get(table, {}))


def _derive(
    connection: Connection, position: int, derive: Callable[[str, Sequence[Recorded]], Lines]
) -> dict[Table, dict[tuple[Any, ...], tuple[Any, ...]]]:
    """Give the rows of each table by their keys."""
    fresh: dict[Table, dict[tuple[Any, ...], tuple[Any, ...]]] = {}
    by_stream = groupby(_events(connection, "release/", position), key=lambda one: one.stream)
    for stream, events in by_stream:
        for table, lines in derive(names_in(stream)[0], list(events)).items():
            rows = fresh.setdefault(table, {})
            rows.update({_key(table, line): tuple(line[column.name] for column in table.columns) for line in lines})
    return fresh


def _compared(
    connection: Connection, table: Table, fresh: Mapping[tuple[Any, ...], tuple[Any, ...]]
) -> Iterator[Finding]:
    rows = connection.execute(select(table)).mappings()
    there = {_key(table, row): tuple(row[column.name] for column in table.columns) for row in rows}
    wrong = [key for key in {**there, **fresh} if there.get(key) != fresh.get(key)]
    if wrong:
        first = " ".join(str(part) for part in wrong[0])
        told = f"{len(wrong)} of its rows are not what the events give, the first of them is {first}."
        yield Finding(table.name, f"{told} Have them made anew: releasectl rebuild", 0)


def _key(table: Table, line: Mapping[Any, Any]) -> tuple[Any, ...]:
    return tuple(line[column.name] for column in table.primary_key.columns)


def _events(connection: Connection, prefix: str, position: int | None) -> Iterable[Recorded]:
    """Read the events of all streams of a kind, stream by stream, each in its order."""
    wanted = EVENTS.c.stream.startswith(prefix, autoescape=True)
    if position is not None:
        wanted &= EVENTS.c.position <= position
    return recorded_in(connection, select(EVENTS).where(wanted).order_by(*_BY_STREAM))
