"""The event store as the rest of the daemon sees it: streams of events in one log, appended all or none.

An append has three outcomes: its events are recorded, it is refused and nothing was written, or its fate is unknown
(``AppendUnknown``), which ``find`` settles once the store was opened anew.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, Self, TypeVar

from released.domain.events import Actor, Event, Recorded
from released.store.errors import ReadOnly

if TYPE_CHECKING:
    from sqlalchemy import Connection

T = TypeVar("T")


@dataclass(frozen=True)
class NewEvent:
    """An event that is to be appended; its id is made by the caller, so that it can be found again."""

    event_id: str
    at: dt.datetime
    """Aware; stored in UTC with microseconds."""
    actor: Actor
    event: Event


@dataclass(frozen=True)
class StreamWrite:
    """What is to be appended to one stream, which must stand at ``expected_version`` (0: it has no events)."""

    stream: str
    expected_version: int
    events: tuple[NewEvent, ...]


@dataclass(frozen=True)
class Fence:
    """Proof that a daemon owns an environment, from ``take_lease``; checked inside each append that carries it."""

    environment: str
    epoch: int

    @classmethod
    def of_nobody(cls, environment: str) -> Self:
        """Make one with which nothing can be appended: epochs begin at 1."""
        return cls(environment, 0)


class EventStore(Protocol):
    """A log of events, in streams; safe to use from any thread."""

    @property
    def read_only(self) -> ReadOnly | None:
        """Why nothing can be written now, as far as that is known; ``None`` where an append may be tried."""
        ...

    def append(self, writes: Sequence[StreamWrite], fence: Fence | None = None) -> tuple[Recorded, ...]:
        """Append to one or several streams, all or none; returns once the events are durable.

        Raises:
            Conflict: a stream does not stand at its expected version.
            DuplicateEvent: an event id is stored already.
            StaleEpoch: the fence is not the newest lease of its environment.
            IllegalEvent: the life cycle does not allow one of the events.
            ReadOnly: nothing can be written; ``StoreFull`` where the disk is full.
            StoreBusy: another program writes to the database.
            StoreStopped: the store was closed or has failed.
            AppendUnknown: the commit failed; only after opening the store anew can its fate be found.
        """
        ...

    def redact(self, writes: Sequence[StreamWrite], positions: Collection[int]) -> tuple[Recorded, ...]:
        """Append what is read in the place of some events, and take their payloads away with the same commit.

        Raises:
            Conflict, IllegalEvent, ReadOnly, StoreBusy, StoreStopped, AppendUnknown: as for ``append``.
        """
        ...

    def read(self, stream: str, after: int = 0) -> list[Recorded]:
        """List a stream's events whose version is greater than ``after``.

        Raises:
            UnreadableEvent: a newer version of released wrote one of them.
        """
        ...

    def read_all(self, after: int = 0, limit: int = 1000) -> list[Recorded]:
        """List at most ``limit`` events of the whole log whose position is greater than ``after``, in order.

        Raises:
            UnreadableEvent: a newer version of released wrote one of them.
        """
        ...

    def find(self, event_id: str) -> Recorded | None:
        """Find an event by its id."""
        ...

    def streams(self, prefix: str) -> list[str]:
        """Name the streams that begin with ``prefix``, sorted."""
        ...

    def version(self, stream: str) -> int:
        """Give the version of a stream's last event; 0 where it has none."""
        ...

    def head(self) -> int:
        """Give the position of the last event; 0 for an empty log."""
        ...

    def log_hash(self, position: int) -> str | None:
        """Give the hash that binds an event of the whole log to all before it; ``None`` where there is none there."""
        ...

    def wait(self, after: int, timeout_s: float) -> int:
        """Block until the log goes on beyond ``after``, the time is over or the store is closed; returns the head."""
        ...

    def subscribe(self, callback: Callable[[int], None]) -> Callable[[], None]:
        """Call back with the new head after each commit of events, in the writer's thread; returns what ends that.

        The callback must not block and must not append.
        """
        ...

    def take_lease(
        self, environment: str, holder: str, pid: int, boot_id: str, version: str, at: dt.datetime, actor: Actor
    ) -> Fence:
        """Own an environment from here on: a new epoch, recorded; older fences are stale.

        Raises:
            ReadOnly, StoreBusy, StoreStopped, AppendUnknown: as for ``append``.
        """
        ...

    def project(self, work: Callable[[Connection], T]) -> T:
        """Run work on derived tables in a transaction of its own on the only writing connection.

        Whatever the work raises rolls its transaction back and is raised here.

        Raises:
            ReadOnly, StoreBusy, StoreStopped, AppendUnknown: as for ``append``.
        """
        ...

    def query(self, work: Callable[[Connection], T]) -> T:
        """Run work that only reads, on a connection that cannot write."""
        ...

    def close(self) -> None:
        """Finish what is queued and let go of the database; a second call does nothing."""
        ...
