"""Takes what operators run by hand in one environment, hooks and commands of playbooks: look, decide, record.

The record says what there is to run; nothing is handed over in memory.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from released.domain import commands as cmd
from released.domain import events as ev
from released.domain.environments.environment import EnvironmentState
from released.domain.environments.hook import admit_hook
from released.domain.releases.decide.starting import refuse_busy
from released.domain.releases.release import ReleaseState
from released.domain.requests import reused
from released.engine.answers import Answers, Asked, Decided
from released.engine.instruments import Instruments, id_of_end
from released.engine.workspace_lock import refuse_if_taken
from released.phases.hooks import find_hook, is_meant
from released.phases.world import World
from released.store.event_store import EventStore


class HookDesk:
    """One environment's counter for what is run by hand."""

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

    def apply(self, command: cmd.RunFix, actor: ev.Actor) -> ev.FixStarted:
        """Have a command of a playbook run; the ticket that it is for has it on record, too.

        Raises:
            Refused: a release runs, another ticket occupies the environment, something else runs by hand, or another
                tool holds the workspace.
            InvalidInput: the request's id was used for something else.
        """
        asked = Asked("playbook apply", None, command.request_id, actor)
        return _same_fix(self._answers.answer(asked, lambda: self._fix_decided(command), self._wake), command)

    def ended(self, started: ev.ByHand) -> ev.HookEnded | None:
        """Give the end of what runs by hand; ``None`` while it runs."""
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

    def _fix_decided(self, command: cmd.RunFix) -> Decided:
        """Begin, unless the release that it is for goes on meanwhile."""
        place, occupant = self._answers.environment(), self._answers.release(command.ticket)
        if place.lock is None or place.lock.ticket != command.ticket:
            refuse_busy(place)
        admit_hook(place, occupant)
        refuse_if_taken(self._world)
        ticket, part, line = command.ticket, command.part, command.command
        started = ev.FixStarted(command.request_id, ticket, command.playbook, part, line, self._instruments.boot_id)
        applied = ev.PlaybookApplied(command.request_id, command.playbook, part, line)
        # The record of a ticket that never ran does not know its name.
        return Decided(place, [started], msgspec.structs.replace(occupant, ticket=ticket), (applied,))

    def _occupant(self, place: EnvironmentState) -> ReleaseState | None:
        return self._answers.release(place.lock.ticket) if place.lock else None


def _same_fix(given: ev.Recorded, command: cmd.RunFix) -> ev.FixStarted:
    started = given.event
    asked = (command.ticket, command.playbook, command.command)
    if isinstance(started, ev.FixStarted) and (started.ticket, started.playbook, started.command) == asked:
        return started
    raise reused(given)


def _same(given: ev.Recorded, command: cmd.RunHook) -> ev.HookStarted:
    started = given.event
    if (
        isinstance(started, ev.HookStarted)
        and started.service == command.service
        and is_meant(started.executable.name, command.hook)
    ):
        return started
    raise reused(given)
