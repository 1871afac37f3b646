"""One thread per environment that runs what operators run by hand, and finds out what became of it after a crash.

As with releases, the record says what there is to do: the hook whose end is not on record. One that this daemon took is
run; one that an earlier daemon took is never run again: it is waited for where it still runs, and else its end is
recorded as it was left, or as not known.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from pathlib import Path

from released.domain import events as ev
from released.domain.environments import environment, hook
from released.domain.environments.environment import HookRun
from released.domain.errors import ReleasedError, StepInDoubt
from released.domain.failure import Failure
from released.domain.releases import release
from released.engine.environment_fold import EnvironmentFold
from released.engine.faults import Faults
from released.engine.instruments import Instruments, id_of_end
from released.engine.ownership import Ownership
from released.engine.slots import AttemptSlot
from released.phases.effects import Done, Fate, InDoubt, NotDone, Process
from released.phases.fixes import fix_process
from released.phases.hooks import hook_process
from released.phases.world import World
from released.store.errors import Conflict, StoreBusy, StoreFull, StoreStopped
from released.store.event_store import EventStore, Fence, NewEvent, StreamWrite

logger = logging.getLogger(__name__)

_PAUSE_S = 5.0
"""How soon it is tried again to record an end that could not be recorded."""


class HookRunner:
    """Starts and stops; what runs under a shim goes on without it."""

    def __init__(
        self,
        store: EventStore,
        fence: Fence,
        ownership: Ownership,
        world: World,
        instruments: Instruments,
        faults: Faults,
        on_fatal: Callable[[BaseException], None],
    ) -> None:
        self._store = store
        self._fence = fence
        self._place = EnvironmentFold(store, world.name)
        self._ownership = ownership
        self._world = world
        self._instruments = instruments
        self._faults = faults
        self._on_fatal = on_fatal
        self._stopping = threading.Event()
        self._work = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"hook-{world.name}", daemon=True)

    def start(self) -> None:
        """Begin with what an earlier daemon left unfinished."""
        self._work.set()
        self._thread.start()

    def wake(self) -> None:
        """Look whether there is something to run."""
        self._work.set()

    def stop(self) -> None:
        """Begin nothing more; a hook that runs is left to the next daemon."""
        self._stopping.set()
        self._work.set()

    def output_of(self, started: ev.ByHand) -> Path:
        """Name the output of a hook."""
        return self._slot(started).path / "output"

    def _run(self) -> None:
        try:
            while not self._stopping.is_set():
                self._work.wait()
                self._work.clear()
                self._conclude_unfinished()
        except StoreStopped:
            logger.info("%s: a hook that runs by hand is left to the next start", self._world.name)
        except BaseException as error:  # noqa: BLE001 (whatever it is: hooks of this environment can't be run any more)
            self._on_fatal(error)

    def _conclude_unfinished(self) -> None:
        if self._stopping.is_set() or (place := self._environment()).hook is None:
            return
        ended = self._bring_to_end(place.hook, place)
        while not self._recorded(ended) and not self._stopping.wait(_PAUSE_S):
            pass

    # --- the effect ----------------------------------------------------------------------------------------------

    def _bring_to_end(self, run: HookRun, place: environment.EnvironmentState) -> ev.HookEnded:
        """Run the hook, or find out what became of it; say how it ended."""
        slot, request_id = self._slot(run.started), run.started.request_id
        try:
            fate = self._fate(run, slot, place)
        except ReleasedError as error:
            return ev.HookEnded(request_id, error.as_failure().masked(self._world.mask), output=slot.output())
        except Exception as error:
            logger.exception("%s: %s failed unexpectedly", self._world.name, hook.subject(run.started))
            failure = Failure("internal_error", f"The daemon met an unexpected {type(error).__name__}: {error}")
            return ev.HookEnded(request_id, failure.masked(self._world.mask), in_doubt=True, output=slot.output())
        match fate:
            case Done():
                return ev.HookEnded(request_id, output=slot.output())
            case NotDone():
                return ev.HookEnded(request_id, hook.not_started(run))
            case InDoubt(look_at):
                return ev.HookEnded(request_id, hook.lost(run, look_at), in_doubt=True, output=slot.output())

    def _fate(self, run: HookRun, slot: AttemptSlot, place: environment.EnvironmentState) -> Fate:
        process = self._process(run.started, place)
        name = _fault_name(run.started)
        self._faults("after-intent", name)
        try:
            fate = self._performed(run, process, slot) if run.epoch == self._fence.epoch else process.recover(slot)
        except StepInDoubt:
            return InDoubt(f"its output in {slot.path / 'output'}, and what it was meant to change")
        if isinstance(fate, Done):
            self._faults("after-effect", name)
            process.make_durable()
            self._faults("after-durable", name)
        return fate

    def _performed(self, run: HookRun, process: Process, slot: AttemptSlot) -> Fate:
        self._ownership.bear_witness(hook.subject(run.started))
        return Done(process.perform(slot))

    def _process(self, started: ev.ByHand, place: environment.EnvironmentState) -> Process:
        ticket = place.lock.ticket if place.lock else None
        occupant = release.fold(self._store.read(ev.release_stream(self._world.name, ticket))) if ticket else None
        if isinstance(started, ev.FixStarted):
            return fix_process(self._world, started.command, occupant)
        return hook_process(self._world, started.executable, started.service, occupant)

    def _slot(self, started: ev.ByHand) -> AttemptSlot:
        folder = Path("hooks", self._world.name, started.request_id)
        return AttemptSlot(self._world.state_dir, folder, self._world.mask)

    # --- the record ----------------------------------------------------------------------------------------------

    def _environment(self) -> environment.EnvironmentState:
        return self._place.present()

    def _recorded(self, ended: ev.HookEnded) -> bool:
        """Record the end; false where it is to be tried again."""
        event_id = id_of_end(self._world.name, ended.request_id)
        new = NewEvent(event_id, self._instruments.now(), self._instruments.actor, ended)
        write = StreamWrite(ev.environment_stream(self._world.name), self._environment().version, (new,))
        try:
            self._store.append([write], self._fence)
        except Conflict:
            return self._recorded(ended)
        except (StoreFull, StoreBusy) as error:
            logger.error("%s: %s", self._world.name, error)  # noqa: TRY400 (the sentence says all)
            return False
        return True


def _fault_name(started: ev.ByHand) -> str:
    if isinstance(started, ev.FixStarted):
        return f"{started.playbook}.{started.part}"
    return f"{started.service}.{started.executable.name}"
