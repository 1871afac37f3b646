"""Six invariants that hold whatever went wrong: asked after every fault that left a store.

I1. Every acknowledged event is there; versions and positions have no gap; the chain of hashes holds.
I2. No effect took place twice, and that of each step on record as succeeded took place once, as seen from outside.
I3. What is derived is what the record derives.
I4. Each release is over, or halted with a reason; none is silently under way.
I5. No lock without a live holder: neither of an environment, nor of a file.
I6. The secret is nowhere.
"""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import select

from released.domain import events as ev
from released.domain.environments import environment
from released.domain.releases import lifecycle, release
from released.domain.releases.ticket_files import render_env, render_log
from released.store import checkpoints
from released.store.backup import back_up
from released.store.errors import ReadOnly
from released.store.event_row import EventRow, to_recorded
from released.store.hash_chain import verify
from released.store.projections import Projector
from released.store.read_only import ReadOnlyStore
from released.store.release_list import ReleaseList
from released.store.sqlite import open_sqlite
from released.store.tables import EVENTS, RELEASES
from support.stack import ENVIRONMENT
from support.store import must_not_fail

if TYPE_CHECKING:
    from released.store.event_store import EventStore
    from support.bare_sites import BareSites
    from support.stack import Stack


@dataclass(frozen=True)
class Remains:
    """What a fault left, and what was seen from outside."""

    database: Path
    acknowledged: Collection[str] = ()
    """Ids of events that somebody was told of."""
    seen: Mapping[str, int] = field(default_factory=dict)
    """How often the effect of a step was seen outside the daemon, for steps that may do it once."""
    derived: Mapping[str, Path] = field(default_factory=dict)
    """Environment to the folder of the files that operators read."""
    locks: Sequence[Path] = ()
    """Files that a daemon locks."""
    leaks: Callable[[], list[str]] = list
    """Lists where the secret is."""

    @classmethod
    def of_stack(
        cls, stack: Stack, acknowledged: Collection[str] = (), seen: Mapping[str, int] | None = None
    ) -> Remains:
        """Give what is left in an environment with services."""
        folder = stack.workspace / "releases"
        locks = [stack.runtime / "released.sock.lock", folder / ".lock"]
        database = stack.state_dir / "released.db"
        return cls(database, acknowledged, seen or {}, {ENVIRONMENT: folder}, [*locks, _lock_of(database)], stack.leaks)

    @classmethod
    def of_sites(
        cls, sites: BareSites, acknowledged: Collection[str] = (), seen: Mapping[str, int] | None = None
    ) -> Remains:
        """Give what is left in environments without services."""
        checkouts = {name: sites.home / "repos" / name / "checkout" for name in sites.settings}
        derived = {name: one / ".asd" / "workspace" / "releases" for name, one in checkouts.items()}
        locks = [sites.runtime / "released.sock.lock", *(folder / ".lock" for folder in derived.values())]
        return cls(sites.database, acknowledged, seen or {}, derived, [*locks, _lock_of(sites.database)])


def broken(remains: Remains) -> list[str]:
    """List what does not hold; a daemon may run, and no release may be under way.

    The store is looked at in a copy of it: only its daemon opens it to write. A record that is not whole says nothing
    about the rest.
    """
    with _copied(remains.database) as store:
        record = _Record(store)
        lost = [f"I1: {one}" for one in _lost(record, remains.acknowledged)]
        return lost or [
            *(f"I2: {one}" for one in _repeated(record, remains.seen)),
            *(f"I3: {one}" for one in _derived_otherwise(record, remains.derived)),
            *(f"I4: {one}" for one in _stuck(record)),
            *(f"I5: {one}" for one in [*_without_release(record), *_without_process(remains.locks)]),
            *(f"I6: the secret is in {one}" for one in remains.leaks()),
        ]


def _lock_of(database: Path) -> Path:
    return database.with_name(f"{database.name}.lock")


@contextmanager
def _copied(database: Path) -> Iterator[EventStore]:
    with tempfile.TemporaryDirectory(prefix="invariants-") as folder:
        copy = Path(folder) / "released.db"
        back_up(database, copy)
        with closing(_opened(copy)) as store:
            yield store


def _opened(copy: Path) -> EventStore:
    """Open a record; one on which no daemon would act is only read, which tells what it lacks."""
    try:
        return open_sqlite(copy, must_not_fail)
    except ReadOnly as reason:
        return ReadOnlyStore(copy, reason)


@dataclass(frozen=True)
class _Record:
    """What a store holds, read once."""

    store: EventStore

    @cached_property
    def rows(self) -> list[EventRow]:
        query = select(EVENTS).order_by(EVENTS.c.position)
        return self.store.query(lambda connection: [EventRow._make(row) for row in connection.execute(query)])

    @cached_property
    def streams(self) -> dict[str, list[ev.Recorded]]:
        found: dict[str, list[ev.Recorded]] = {}
        for row in self.rows:
            found.setdefault(row.stream, []).append(to_recorded(row))
        return found

    def releases(self) -> Iterator[tuple[str, str, list[ev.Recorded]]]:
        """Give environment, ticket and events of each."""
        for stream, events in self.streams.items():
            kind, name, *ticket = stream.split("/", 2)
            if kind == "release":
                yield name, ticket[0], events

    def place(self, name: str) -> environment.EnvironmentState:
        return environment.fold(self.streams.get(ev.environment_stream(name), []))


# --- I1: the record is whole ---------------------------------------------------------------------------------------


def _lost(record: _Record, acknowledged: Collection[str]) -> Iterator[str]:
    ids = {row.event_id for row in record.rows}
    yield from (f"the acknowledged event {one} is lost" for one in acknowledged if one not in ids)
    for stream, events in record.streams.items():
        if [one.version for one in events] != [*range(1, len(events) + 1)]:
            yield f"the versions of {stream} have a gap"
    if (position := verify(record.rows)) is not None:
        yield f"the chain of hashes is broken at position {position}"


# --- I2: effects ---------------------------------------------------------------------------------------------------


def _repeated(record: _Record, seen: Mapping[str, int]) -> Iterator[str]:
    done: Counter[str] = Counter()
    for _, ticket, events in record.releases():
        for step, times in _succeeded(events).items():
            done[step] += times
            if times > 1:
                yield f"ticket {ticket}: the step {step} succeeded {times} times"
    for step, times in seen.items():
        if times > 1 or times < min(done[step], 1):
            yield f"the effect of {step} was seen {times} times, and {done[step]} times it is on record as done"


def _succeeded(events: Sequence[ev.Recorded]) -> Counter[str]:
    """Count how often each step succeeded since it was last begun anew on purpose."""
    done: Counter[str] = Counter()
    for event in (one.event for one in events):
        match event:
            case ev.RunRequested() | ev.RevertRequested() | ev.Resumed(anew=True):
                done.clear()
            case ev.StepSucceeded(step=step):
                done[step] += 1
            case _:
                pass
    return done


# --- I3: what is derived -------------------------------------------------------------------------------------------


def _derived_otherwise(record: _Record, folders: Mapping[str, Path]) -> Iterator[str]:
    marks = record.store.query(checkpoints.stored)
    projector = Projector(record.store, [ReleaseList()])
    projector.catch_up()
    stored = _listed(record.store)
    projector.rebuild()
    if _listed(record.store) != stored:
        yield "the list of releases is not what the record derives"
    for name, ticket, events in record.releases():
        # A daemon that lags behind or is dead brings its files up to date when it comes to it.
        if name in folders and marks.get(f"files/{name}") == len(record.rows):
            yield from _differing(folders[name], ticket, events)


def _listed(store: EventStore) -> list[tuple[object, ...]]:
    query = select(RELEASES).order_by(RELEASES.c.environment, RELEASES.c.ticket)
    return store.query(lambda connection: [tuple(row) for row in connection.execute(query)])


def _differing(folder: Path, ticket: str, events: Sequence[ev.Recorded]) -> Iterator[str]:
    for suffix, content in (("env", render_env(events)), ("log", render_log(events))):
        file = folder / f"{ticket}.{suffix}"
        if content and not (file.is_file() and file.read_text(encoding="utf-8") == content):
            yield f"{file} is not what the record derives"


# --- I4: nothing is stuck ------------------------------------------------------------------------------------------


def _stuck(record: _Record) -> Iterator[str]:
    for name, ticket, events in record.releases():
        state = release.fold(events)
        if state.status in lifecycle.RUNNING:
            yield f"{name}: ticket {ticket} is {lifecycle.in_words(state.status)} and does not go on"
        if state.status == lifecycle.HALTED and not (state.halt and state.halt.failure.message):
            yield f"{name}: ticket {ticket} is halted without a reason"


# --- I5: locks -----------------------------------------------------------------------------------------------------


def _without_release(record: _Record) -> Iterator[str]:
    """Hold the lock of each environment against the releases that occupy it."""
    occupying: dict[str, list[str]] = {}
    for name, ticket, events in record.releases():
        occupies = release.fold(events).status in (*lifecycle.RUNNING, lifecycle.HALTED)
        occupying.setdefault(name, []).extend([ticket] if occupies else [])
    for name, tickets in occupying.items():
        lock = record.place(name).lock
        if tickets != ([lock.ticket] if lock else []):
            yield f"{name} is locked for {lock.ticket if lock else 'nobody'}, and occupied by {tickets or 'nobody'}"


def _without_process(files: Sequence[Path]) -> Iterator[str]:
    holders = _lock_holders()
    for file in files:
        pid = holders.get(_identity(file)) if file.exists() else None
        if pid is not None and not _is_alive(pid):
            yield f"{file} is locked by the process {pid}, which is dead: a child has inherited the lock"


def _lock_holders() -> dict[str, int]:
    """Give the process that took the lock of each file; a child that inherits it is not named there."""
    lines = [line.split() for line in Path("/proc/locks").read_text(encoding="utf-8").splitlines()]
    return {fields[5]: int(fields[4]) for fields in lines if fields[1] == "FLOCK"}


def _identity(file: Path) -> str:
    """Name a file as ``/proc/locks`` does."""
    status = file.stat()
    return f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}:{status.st_ino}"


def _is_alive(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except FileNotFoundError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"
