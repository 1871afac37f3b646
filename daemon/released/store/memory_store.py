"""The part of an event store that a simulated daemon uses, kept in memory: it judges appends as the real one does.

It can be copied at small cost, so that one life of a daemon is the beginning of many others.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain

from released.domain import events as ev
from released.domain.releases import lifecycle
from released.store.errors import Conflict, DuplicateEvent, StaleEpoch
from released.store.event_store import Fence, NewEvent, StreamWrite


@dataclass
class MemoryStore:
    """Streams of events, their statuses by the life cycle, and the newest epoch of each environment."""

    _streams: dict[str, tuple[ev.Recorded, ...]] = field(default_factory=dict)
    _statuses: dict[str, str] = field(default_factory=dict)
    _epochs: dict[str, int] = field(default_factory=dict)

    @classmethod
    def holding(cls, stream: str, events: Sequence[ev.Recorded]) -> MemoryStore:
        """Give one that holds a stream as another store recorded it; its log begins with that.

        Raises:
            IllegalEvent: the life cycle does not allow one of the events.
        """
        status = lifecycle.initial_status(stream)
        for recorded in events:
            status = lifecycle.next_status(stream, status, recorded.event)
        return cls({stream: tuple(events)}, {stream: status})

    def copy(self) -> MemoryStore:
        """Give a store that goes its own way from here."""
        return MemoryStore({**self._streams}, {**self._statuses}, {**self._epochs})

    def append(self, writes: Sequence[StreamWrite], fence: Fence | None = None) -> tuple[ev.Recorded, ...]:
        """Append to one or several streams, all or none; see ``EventStore``."""
        newest = self._epochs.get(fence.environment, 0) if fence else 0
        if fence is not None and fence.epoch != newest:
            raise StaleEpoch(fence.environment, fence.epoch, newest)
        before = {**self._streams}, {**self._statuses}
        try:
            return tuple(one for write in writes for one in self._appended(write))
        except BaseException:
            self._streams, self._statuses = before
            raise

    def read(self, stream: str, after: int = 0) -> list[ev.Recorded]:
        """List a stream's events whose version is greater than ``after``."""
        return list(self._streams.get(stream, ())[after:])

    def read_all(self, after: int = 0, limit: int = 1000) -> list[ev.Recorded]:
        """List at most ``limit`` events of the whole log whose position is greater than ``after``, in order."""
        log = sorted(chain.from_iterable(self._streams.values()), key=lambda one: one.position)
        return log[after : after + limit]

    def find(self, event_id: str) -> ev.Recorded | None:
        """Find an event by its id."""
        return next((one for one in self.read_all() if one.event_id == event_id), None)

    def version(self, stream: str) -> int:
        """Give the version of a stream's last event; 0 where it has none."""
        return len(self._streams.get(stream, ()))

    def head(self) -> int:
        """Give the position of the last event; 0 for an empty log."""
        return sum(len(events) for events in self._streams.values())

    def streams(self, prefix: str) -> list[str]:
        """Name the streams that begin with ``prefix``, sorted."""
        return sorted(name for name in self._streams if name.startswith(prefix))

    def take_lease(
        self, environment: str, holder: str, pid: int, boot_id: str, version: str, at: dt.datetime, actor: ev.Actor
    ) -> Fence:
        """Own an environment from here on: a new epoch, recorded; older fences are stale."""
        fence = Fence(environment, self._epochs.get(environment, 0) + 1)
        stream = ev.environment_stream(environment)
        taken = NewEvent(
            f"lease-{environment}-{fence.epoch}", at, actor, ev.LeaseTaken(fence.epoch, holder, pid, boot_id, version)
        )
        self.append([StreamWrite(stream, len(self._streams.get(stream, ())), (taken,))])
        self._epochs[environment] = fence.epoch
        return fence

    def _appended(self, write: StreamWrite) -> Iterator[ev.Recorded]:
        stream = write.stream
        version = len(self._streams.get(stream, ()))
        if version != write.expected_version:
            raise Conflict(stream, write.expected_version, version)
        for number, new in enumerate(write.events, start=version + 1):
            self._check_new(new.event_id)
            status = self._statuses.get(stream) or lifecycle.initial_status(stream)
            self._statuses[stream] = lifecycle.next_status(stream, status, new.event)
            one = ev.Recorded(self.head() + 1, stream, number, new.event_id, new.at, new.actor, new.event)
            self._streams[stream] = (*self._streams.get(stream, ()), one)
            yield one

    def _check_new(self, event_id: str) -> None:
        if any(one.event_id == event_id for events in self._streams.values() for one in events):
            raise DuplicateEvent(event_id)
