"""The present state of an environment: only what is new of its stream is read, however long that has grown."""

from __future__ import annotations

import threading

from released.domain import events as ev
from released.domain.environments import environment
from released.domain.environments.environment import EnvironmentState
from released.store.event_store import EventStore


class EnvironmentFold:
    """Folds on from where it was asked last; safe to use from any thread."""

    def __init__(self, store: EventStore, name: str) -> None:
        self._store = store
        self._stream = ev.environment_stream(name)
        self._turn = threading.Lock()
        self._state = EnvironmentState()

    def present(self) -> EnvironmentState:
        """Give the state that the record tells of now."""
        with self._turn:
            self._state = environment.fold(self._store.read(self._stream, self._state.version), self._state)
            return self._state
