"""Takes hooks that operators run by hand in one environment: look, decide, record.

The record says what there is to run; nothing is handed over in memory.
"""

from __future__ import annotations

from collections.abc import Callable

from released.domain import commands as cmd
from released.domain import events as ev
from released.domain.environment import EnvironmentState
from released.domain.hook import admit_hook
from released.domain.release import ReleaseState
from released.domain.requests import reused
from released.engine.answers import Answers, Asked, Decided
from released.engine.instruments import Instruments, id_of_end
from released.engine.workspace_lock import refuse_if_taken
from released.phases.hooks import find_hook, is_meant
from released.phases.world import World
from released.store.event_store import EventStore


class HookDesk:
    """One environment's counter for hooks."""

    def __init__(
        self, answers: Answers, store: EventStore, world: World, instruments: Instruments, wake: Callable[[], None]
    ) -> None:
        self._answers = answers
        self._store = store
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
        asked = Asked("services run", None, command.request_id, actor)
        return _same(self._answers.answer(asked, lambda: self._decided(command), self._wake), command)

    def ended(self, started: ev.HookStarted) -> ev.HookEnded | None:
        """Give the end of a hook; ``None`` while it runs."""
        found = self._store.find(id_of_end(self._world.name, started.request_id))
        return found.event if found and isinstance(found.event, ev.HookEnded) else None

    def _decided(self, command: cmd.RunHook) -> Decided:
        """Begin, unless the release that occupies the environment, if any, goes on meanwhile."""
        place = self._answers.environment()
        occupant = self._occupant(place)
        admit_hook(place, occupant)
        refuse_if_taken(self._world)
        executable = find_hook(self._world, command.service, command.hook)
        boot_id = self._instruments.boot_id
        started = ev.HookStarted(command.request_id, command.service, executable, command.reason, boot_id)
        return Decided(place, [started], occupant)

    def _occupant(self, place: EnvironmentState) -> ReleaseState | None:
        return self._answers.release(place.lock.ticket) if place.lock else None


def _same(given: ev.Recorded, command: cmd.RunHook) -> ev.HookStarted:
    started = given.event
    if (
        isinstance(started, ev.HookStarted)
        and started.service == command.service
        and is_meant(started.executable.name, command.hook)
    ):
        return started
    raise reused(given)
