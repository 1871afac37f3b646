"""What is derived from the log and follows it from a checkpoint: tables of ours, and handlers of others.

Each projection sees every event at least once and in order, and must be idempotent: after a crash it may see the last
ones again.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy import Connection, Table, insert

from released.domain.events import Recorded
from released.store import checkpoints
from released.store.event_store import EventStore
from released.store.release_folds import names_in

_LOG = logging.getLogger(__name__)

RETRY_S = 5.0
"""How soon a handler that failed is tried again where no new event does it sooner."""
SETTLE_S = 0.02
"""How long a burst of events is let grow before it is followed: a commit of ours costs the next append a flush."""
PAGE = 1000
"""How many events are handled in one step."""


Lines = Mapping[Table, Sequence[Mapping[str, Any]]]
"""Rows that tables must have."""


class TableView(Protocol):
    """A derived table; filled in the same transaction that moves its checkpoint."""

    @property
    def name(self) -> str:
        """The name of its checkpoint."""
        ...

    def apply(self, connection: Connection, recorded: Sequence[Recorded]) -> None:
        """Take events in."""
        ...

    def clear(self, connection: Connection) -> None:
        """Drop every row."""
        ...

    def derive(self, environment: str, events: Sequence[Recorded]) -> Lines:
        """Give all rows that the record of a ticket leaves; a later one replaces an earlier one with the same key."""
        ...


@dataclass(frozen=True)
class Follower:
    """A handler whose effect lies outside of the database, for instance in files."""

    name: str
    """The name of its checkpoint."""
    handle: Callable[[Sequence[Recorded]], None]


class Projector:
    """Keeps projections up with the log, in a thread of its own once it was started."""

    def __init__(self, store: EventStore, views: Sequence[TableView], followers: Sequence[Follower] = ()) -> None:
        self._store = store
        self._views = {view.name: view for view in views}
        self._followers = {follower.name: follower for follower in followers}
        self._working = threading.Lock()
        self._moved = threading.Condition()
        self._positions = store.query(lambda connection: checkpoints.load(connection, self._names()))
        self._news = threading.Event()
        self._hurry = threading.Event()
        self._stopping = False
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Follow the log from here on."""
        self._unsubscribe = self._store.subscribe(lambda _head: self._news.set())
        self._thread = threading.Thread(target=self._run, name="projector", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Finish the present step and end the thread; a second call does nothing."""
        if self._thread is None:
            return
        self._unsubscribe()
        self._stopping = True
        self._hurry.set()
        self._news.set()
        self._thread.join()
        self._thread = None

    @property
    def names(self) -> frozenset[str]:
        """Name all projections."""
        return frozenset(self._names())

    def wait_for(self, position: int, timeout_s: float, without: Collection[str] = ()) -> bool:
        """Block until projections have handled the event at ``position``; ``False`` when the time is over.

        Args:
            position: in the log.
            timeout_s: how long.
            without: those that nobody waits for.
        """
        self._hurry.set()
        with self._moved:
            return self._moved.wait_for(
                lambda: min(at for name, at in self._positions.items() if name not in without) >= position, timeout_s
            )

    def catch_up(self) -> bool:
        """Bring every projection to the end of the log; ``False`` where a handler failed and will be tried again."""
        failed: set[str] = set()
        with self._working:
            while (names := self._most_behind(failed)) and not self._stopping:
                failed |= self._step(names)
        return not failed

    def rebuild(self, names: Collection[str] = ()) -> bool:
        """Derive anew from the first event; who reads a table finds it as it was until it is whole again.

        Args:
            names: of the projections that are meant; empty: all of them.

        Returns: as ``catch_up``; ``False`` also where there is no such projection.
        """
        views = [view for name, view in self._views.items() if not names or name in names]
        followers = [name for name in self._followers if not names or name in names]
        with self._working:
            head = self._store.head()
            tables = self._derived(views, head)
            self._store.project(lambda connection: _exchange(connection, views, tables, head))
            self._store.project(lambda connection: checkpoints.drop(connection, followers))
            self._note([view.name for view in views], head)
            self._note(followers, 0)
        return self.catch_up() and bool(views or followers)

    def _run(self) -> None:
        while True:
            self._news.clear()
            self._hurry.clear()
            if self._stopping:  # asked after clearing, so that a stop in between is not overlooked
                return
            self._news.wait(None if self._caught_up() else RETRY_S)
            self._hurry.wait(SETTLE_S)

    def _caught_up(self) -> bool:
        try:
            return self.catch_up()
        except Exception:  # noqa: BLE001 (what is derived may be late; it never stops the daemon)
            _LOG.exception("projections could not follow the log and will try again")
            return False

    def _names(self) -> list[str]:
        return [*self._views, *self._followers]

    def _most_behind(self, failed: set[str]) -> list[str]:
        """Name the projections that are to be brought on next: those at the lowest position, before the head."""
        behind = {name: at for name, at in self._positions.items() if name not in failed and at < self._store.head()}
        return [name for name, at in behind.items() if at == min(behind.values())]

    def _step(self, names: Sequence[str]) -> set[str]:
        """Handle one page of events; names the followers that failed."""
        recorded = self._store.read_all(self._positions[names[0]], PAGE)
        failed = {name for name in names if name in self._followers and not _handled(self._followers[name], recorded)}
        done = [name for name in names if name not in failed]
        position = recorded[-1].position
        if done:
            self._store.project(lambda connection: self._apply(connection, done, recorded))
            self._note(done, position)
        return failed

    def _apply(self, connection: Connection, names: Sequence[str], recorded: Sequence[Recorded]) -> None:
        for name in names:
            if name in self._views:
                self._views[name].apply(connection, recorded)
        checkpoints.save(connection, names, recorded[-1].position)

    def _derived(self, views: Sequence[TableView], head: int) -> dict[Table, list[Mapping[str, Any]]]:
        """Derive tables from the log up to its head, beside what is there."""
        tables: dict[Table, list[Mapping[str, Any]]] = {}
        for stream in self._store.streams("release/") if views else ():
            events = [one for one in self._store.read(stream) if one.position <= head]
            for view in views if events else ():
                for table, rows in view.derive(names_in(stream)[0], events).items():
                    tables.setdefault(table, []).extend(rows)
        return tables

    def _note(self, names: Sequence[str], position: int) -> None:
        with self._moved:
            self._positions.update(dict.fromkeys(names, position))
            self._moved.notify_all()


def _exchange(connection: Connection, views: Sequence[TableView], tables: Lines, head: int) -> None:
    """Put what was derived in the place of what is there."""
    for view in views:
        view.clear(connection)
    for table, rows in tables.items():
        connection.execute(insert(table).prefix_with("OR REPLACE"), rows)
    checkpoints.save(connection, [view.name for view in views], head)


def _handled(follower: Follower, recorded: Sequence[Recorded]) -> bool:
    try:
        follower.handle(recorded)
    except Exception:  # noqa: BLE001 (one handler's failure must not hold up the others)
        _LOG.exception("the projection %s failed and will be tried again", follower.name)
        return False
    return True
