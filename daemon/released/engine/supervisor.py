"""One thread per environment: recovers what an earlier daemon left unfinished, then runs what is accepted.

The record says what there is to do: the release that occupies the environment and is running. Nothing is queued in
memory, so nothing is lost with it; a wake-up only says that it is worth looking.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from released.domain import environment, recovery
from released.domain import events as ev
from released.domain.errors import Refused
from released.domain.ids import Phase, Ticket
from released.engine import workspace_lock
from released.engine.faults import Faults
from released.engine.instruments import Instruments
from released.engine.journal import Journal
from released.engine.runner import HandedOver, Phases, Runner
from released.phases import migrate, prepare, ticket, verify
from released.phases.world import World
from released.store.errors import StoreBusy, StoreFull
from released.store.event_store import EventStore, Fence

logger = logging.getLogger(__name__)

_PAUSE_S = 5.0
"""How soon a release is driven on that could not record its next event."""


class Supervisor:
    """Starts, stops, and stops twice; the thread ends between two steps."""

    def __init__(
        self,
        store: EventStore,
        fence: Fence,
        world: World,
        instruments: Instruments,
        faults: Faults,
        on_fatal: Callable[[BaseException], None],
    ) -> None:
        self._store = store
        self._fence = fence
        self._world = world
        self._instruments = instruments
        self._faults = faults
        self._on_fatal = on_fatal
        self._stopping = threading.Event()
        self._work = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"release-{world.name}", daemon=True)

    def start(self) -> None:
        """Begin: recovery first."""
        self._work.set()
        self._thread.start()

    def wake(self) -> None:
        """Look whether there is something to run."""
        self._work.set()

    def stop(self, timeout_s: float) -> bool:
        """End after the present step; true when it ended in time. What runs under a shim goes on either way."""
        self._stopping.set()
        self._work.set()
        if self._thread.is_alive():
            self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            self._recover()
            while not self._stopping.is_set():
                self._work.wait()
                self._work.clear()
                self._drive_while_there_is_room()
        except HandedOver:
            logger.info("%s: handed over between two steps", self._world.name)
        except BaseException as error:  # noqa: BLE001 (whatever it is: this environment can no longer be driven)
            self._on_fatal(error)

    def _recover(self) -> None:
        """Decide on a release that an earlier daemon left unfinished."""
        journal = self._active()
        if journal is None:
            return
        settings = self._world.settings.recovery
        decision = recovery.decide(
            journal.state,
            self._instruments.now(),
            self._instruments.boot_id,
            resume=settings.on_restart == "resume",
            resume_within_s=settings.resume_within,
        )
        logger.info("%s: found %s unfinished: %s", self._world.name, journal.state.ticket, type(decision).__name__)
        journal.commit(decision)

    def _drive_while_there_is_room(self) -> None:
        """Drive; a full disk holds the release up, and it goes on once there is space."""
        try:
            self._drive()
        except (StoreFull, StoreBusy) as error:
            logger.error("%s: %s", self._world.name, error)  # noqa: TRY400 (the sentence says all)
            if not self._stopping.wait(_PAUSE_S):
                self._work.set()

    def _drive(self) -> None:
        journal = self._active()
        if journal is None:
            return
        runner = Runner(
            journal,
            self._phases(),
            self._world.name,
            self._world.state_dir,
            self._world.mask,
            self._instruments.boot_id,
            self._faults,
            self._stopping.is_set,
        )
        try:
            with workspace_lock.held(self._world):
                runner.drive()
        except Refused as refused:
            journal.commit(recovery.halt(journal.state, "held", refused.code, refused.message))

    def _active(self) -> Journal | None:
        """Find the release that occupies the environment and is running."""
        place = environment.fold(self._store.read(ev.environment_stream(self._world.name)))
        if place.lock is None:
            return None
        journal = Journal(self._store, self._fence, Ticket(place.lock.ticket), self._instruments)
        return journal if journal.state.is_running else None

    def _phases(self) -> Phases:
        world = self._world
        return {
            Phase.PREPARE: lambda state: prepare.steps(world, state),
            Phase.MIGRATE: lambda state: migrate.steps(world, state),
            Phase.TICKET: lambda state: ticket.steps(world, state),
            Phase.VERIFY: lambda state: verify.steps(world, state),
        }
