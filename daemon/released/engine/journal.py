"""The record of one release as its runner writes it: events in, a state that is always what the store holds.

An outcome does not need a flush of its own: ``note`` keeps it until the next ``commit``, so that the outcome of one
step and the intent of the next travel together. Only an intent must be durable before its effect.
"""

from __future__ import annotations

from released.domain import events as ev
from released.domain.ids import Ticket
from released.domain.releases import release
from released.engine.instruments import Instruments
from released.store.errors import Conflict
from released.store.event_store import EventStore, Fence, NewEvent, StreamWrite


class Journal:
    """Appends to a ticket's stream under a lease."""

    def __init__(self, store: EventStore, fence: Fence, ticket: Ticket, instruments: Instruments) -> None:
        self._store = store
        self._fence = fence
        self._ticket = ticket
        self._instruments = instruments
        self._stream = ev.release_stream(fence.environment, ticket)
        self._stored = release.fold(store.read(self._stream))
        self._noted: list[NewEvent] = []
        self.state = self._stored

    def note(self, event: ev.Event) -> None:
        """Add an event that is stored with the next commit.

        Raises:
            IllegalEvent: the life cycle does not allow it now.
        """
        new = NewEvent(self._instruments.new_id(), self._instruments.now(), self._instruments.actor, event)
        self.state = release.evolve(self.state, self._as_recorded(new, self.state.version + 1))
        self._noted.append(new)

    def commit(self, *events: ev.Event, frees_lock: bool = False) -> None:
        """Store what was noted and these events; they are durable on return.

        Args:
            events: added to what was noted.
            frees_lock: whether the environment is free with the same append.

        Raises:
            IllegalEvent: the life cycle does not allow one of them.
            StaleEpoch: another daemon owns the environment now.
            AppendUnknown: nobody knows whether they are stored; the daemon must end.
        """
        for event in events:
            self.note(event)
        while self._noted:
            try:
                self._append(frees_lock=frees_lock)
            except Conflict:
                self._catch_up()

    def refresh(self) -> None:
        """Take in what operators asked for meanwhile."""
        self._catch_up()

    def _append(self, *, frees_lock: bool) -> None:
        write = StreamWrite(self._stream, self._stored.version, tuple(self._noted))
        freeing = [self._freeing()] if frees_lock else []
        recorded = self._store.append([write, *freeing], self._fence)
        self._stored = release.fold((one for one in recorded if one.stream == self._stream), self._stored)
        self.state = self._stored
        self._noted = []

    def _freeing(self) -> StreamWrite:
        stream = ev.environment_stream(self._fence.environment)
        version = self._store.version(stream)
        freed = ev.LockFreed(self._ticket, self.state.run)
        new = NewEvent(self._instruments.new_id(), self._instruments.now(), self._instruments.actor, freed)
        return StreamWrite(stream, version, (new,))

    def _catch_up(self) -> None:
        """Take in what others appended, for instance a refusal, and put what was noted on top."""
        self._stored = release.fold(self._store.read(self._stream, self._stored.version), self._stored)
        self.state = self._stored
        for new in self._noted:
            self.state = release.evolve(self.state, self._as_recorded(new, self.state.version + 1))

    def _as_recorded(self, new: NewEvent, version: int) -> ev.Recorded:
        return ev.Recorded(0, self._stream, version, new.event_id, new.at, new.actor, new.event)
