"""Takes hooks that operators run by hand in one environment: look, decide, record.

The event's id is made from the request's id, so that a request that is sent twice acts once. The record says what there
is to run; nothing is handed over in memory.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable

from released.domain import commands as cmd
from released.domain import environment, release
from released.domain import events as ev
from released.domain.hook import admit_hook
from released.domain.requests import reused
from released.engine.instruments import Instruments, id_of_end, id_of_request
from released.engine.workspace_lock import refuse_if_taken
from released.phases.hooks import find_hook, is_meant
from released.phases.world import World
from released.store.errors import Conflict, DuplicateEvent
from released.store.event_store import EventStore, Fence, NewEvent, StreamWrite


class HookDesk:
    """One environment's counter for hooks."""

    def __init__(
        self, store: EventStore, fence: Fence, world: World, instruments: Instruments, wake: Callable[[], None]
    ) -> None:
        self._store = store
        self._fence = fence
        self._world = world
        self._instruments = instruments
        self._wake = wake

    def run(self, command: cmd.RunHook, actor: ev.Actor) -> ev.HookStarted:
        """Have a hook run; the answer is the event that says so, also where the request came before.

        Raises:
            Refused: a release runs, another hook does, another tool holds the workspace, or the hook was changed.
            NotFound: there is no such service or hook.
            InvalidInput: the hook's name is ambiguous, or the request's id was used for something else.
        """
        event_id = id_of_request(self._world.name, command.request_id)
        while (given := self._store.find(event_id)) is None:
            with contextlib.suppress(Conflict, DuplicateEvent):
                self._store.append(self._writes(event_id, command, actor), self._fence)
                self._wake()
        return _same(given, command)

    def ended(self, started: ev.HookStarted) -> ev.HookEnded | None:
        """Give the end of a hook; ``None`` while it runs."""
        found = self._store.find(id_of_end(self._world.name, started.request_id))
        return found.event if found and isinstance(found.event, ev.HookEnded) else None

    def _writes(self, event_id: str, command: cmd.RunHook, actor: ev.Actor) -> list[StreamWrite]:
        place = environment.fold(self._store.read(ev.environment_stream(self._world.name)))
        occupant = self._occupant(place)
        admit_hook(place, occupant)
        refuse_if_taken(self._world)
        executable = find_hook(self._world, command.service, command.hook)
        boot_id = self._instruments.boot_id
        started = ev.HookStarted(command.request_id, command.service, executable, command.reason, boot_id)
        new = NewEvent(event_id, self._instruments.now(), actor, started)
        write = StreamWrite(ev.environment_stream(self._world.name), place.version, (new,))
        return [write, *self._unless_resumed(occupant)]

    def _occupant(self, place: environment.EnvironmentState) -> release.ReleaseState | None:
        if place.lock is None:
            return None
        return release.fold(self._store.read(ev.release_stream(self._world.name, place.lock.ticket)))

    def _unless_resumed(self, occupant: release.ReleaseState | None) -> list[StreamWrite]:
        """Refuse the append where the release that occupies the environment went on meanwhile."""
        if occupant is None:
            return []
        return [StreamWrite(ev.release_stream(self._world.name, occupant.ticket), occupant.version, ())]


def _same(given: ev.Recorded, command: cmd.RunHook) -> ev.HookStarted:
    started = given.event
    if (
        isinstance(started, ev.HookStarted)
        and started.service == command.service
        and is_meant(started.executable.name, command.hook)
    ):
        return started
    raise reused(given)
