"""One thread per environment: recovers what an earlier daemon left unfinished, runs what is accepted, and reminds.

The record says what there is to do: the release that occupies the environment and is running. Nothing is queued in
memory, so nothing is lost with it; a wake-up only says that it is worth looking.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping

import msgspec

from released.domain import events as ev
from released.domain.errors import Refused, StepFailed
from released.domain.failure import KILLED, Failure
from released.domain.ids import Phase, Ticket
from released.domain.releases import narration, recovery
from released.domain.releases.release import ReleaseState
from released.engine import reconciler, workspace_lock
from released.engine.environment_fold import EnvironmentFold
from released.engine.faults import Faults
from released.engine.instruments import Instruments
from released.engine.journal import Journal
from released.engine.ownership import Ownership
from released.engine.reminder import Reminder
from released.engine.runner import HandedOver, Phases, Runner
from released.engine.slots import attempt_slot
from released.phases import migrate, prepare, revert, ticket, verify
from released.phases.surroundings import witnessed
from released.phases.world import World
from released.store.errors import STORE_ERRORS, StoreBusy, StoreFull
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
        ownership: Ownership,
        world: World,
        instruments: Instruments,
        faults: Faults,
        on_fatal: Callable[[BaseException], None],
        settle_checkout: Callable[[], None],
    ) -> None:
        self._store = store
        self._fence = fence
        self._ownership = ownership
        self._world = world
        self._instruments = instruments
        self._faults = faults
        self._on_fatal = on_fatal
        self._settle_checkout = settle_checkout
        self._reminder = Reminder(store, fence, instruments, world.settings.remind.after)
        self._place = EnvironmentFold(store, world.name)
        self._look_again_s: float | None = None
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
            self._patiently(self._recover)
            while not self._stopping.is_set():
                self._work.wait(self._look_again_s)
                self._work.clear()
                self._patiently(self._drive)
                self._patiently(self._remind)
        except HandedOver:
            logger.info("%s: handed over between two steps", self._world.name)
        except BaseException as error:  # noqa: BLE001 (whatever it is: this environment can no longer be driven)
            self._on_fatal(error)

    def _recover(self) -> None:
        """Decide on a release that an earlier daemon left unfinished.

        One that is halted is compared with what is there when it goes on: until then a person may be at work on that.
        """
        journal = self._occupying()
        if journal is None:
            return
        with self._halting_where_unexpected():
            if not journal.state.is_running:
                self._wake_writers(journal.state)
            elif self._may_go_on(journal):
                self._go_on_or_halt(journal)

    def _may_go_on(self, journal: Journal) -> bool:
        """Tell whether the release still runs, by the newest record, once that was compared with what is there."""
        if self._is_newest():
            self._reconcile(journal)
        return journal.state.is_running and self._ownership.older is None

    def _is_newest(self) -> bool:
        """Own the environment as far as that can be now; false where nothing may be put on top of its record."""
        with contextlib.suppress(Refused):
            self._ownership.affirm()
        return self._ownership.older is None

    def _go_on_or_halt(self, journal: Journal) -> None:
        self._wake_writers(journal.state)
        settings = self._world.settings.recovery
        decision = recovery.decide(
            journal.state,
            self._instruments.now(),
            self._instruments.boot_id,
            resume=settings.on_restart == "resume",
            resume_within_s=settings.resume_within,
        )
        logger.info("%s: found %s unfinished: %s", self._world.name, journal.state.ticket, type(decision).__name__)
        if isinstance(decision, ev.Halted):
            decision = witnessed(self._world, journal.state, self._with_last_words(journal.state, decision))
        journal.commit(decision)

    def _reconcile(self, journal: Journal) -> None:
        """After a restart of the host, trust nothing on record before it was compared with what is there."""
        state, boot_id = journal.state, self._instruments.boot_id
        if not reconciler.is_due(state, boot_id):
            return
        try:
            self._ownership.bear_witness(f"ticket {state.ticket}, compared after a restart of the host")
            reconciled = reconciler.reconcile(self._world, state, boot_id)
        except (Refused, StepFailed) as error:
            self._cannot_compare(journal, error.as_failure())
            return
        logger.info("%s: %s", self._world.name, narration.line(reconciled))
        journal.commit(reconciled)  # before the wait for services, in which the daemon may die
        if not journal.state.is_to_be_killed:
            self._require_all(journal, reconciled)

    def _require_all(self, journal: Journal, reconciled: ev.Reconciled) -> None:
        """Halt where something is missing or not well, or where an operator would not wait for that."""
        try:
            reconciler.require_all(self._world, journal.state, reconciled)
        except (Refused, StepFailed) as error:
            journal.refresh()
            cancelled = recovery.cancelled(journal.state) if error.code == KILLED else None
            if cancelled is not None:
                journal.commit(witnessed(self._world, journal.state, cancelled))
            else:
                self._halt_for(journal, "interrupted", error.as_failure().masked(self._world.mask))

    def _cannot_compare(self, journal: Journal, failure: Failure) -> None:
        """Go on only once the comparison was possible; it is made when the release is resumed."""
        logger.warning("%s: not compared with the record: %s", self._world.name, failure.message)
        if self._is_newest():
            self._halt_for(journal, "held", failure.masked(self._world.mask))

    def _with_last_words(self, state: ReleaseState, halted: ev.Halted) -> ev.Halted:
        """Put what the step that was cut off printed last beside the halt."""
        step = state.current_step
        if step is None:
            return halted
        slot = attempt_slot(self._world, state, step.name, step.attempt)
        return msgspec.structs.replace(halted, failure=slot.told(halted.failure))

    def _wake_writers(self, state: ReleaseState) -> None:
        """Wake what a backup that was cut off holds still: nobody may come back to that step for long."""
        try:
            self._ownership.bear_witness(f"ticket {state.ticket}, what was held still is woken")
            for said in reconciler.wake_writers(self._world, state):
                logger.error("%s: %s", self._world.name, said)
        except Exception:
            logger.exception("%s: what was held still is not woken", self._world.name)

    def _patiently(self, act: Callable[[], None]) -> None:
        """Act; a full disk holds the release up, and it goes on once there is space."""
        while not self._stopping.is_set():
            try:
                act()
            except (StoreFull, StoreBusy) as error:
                logger.error("%s: %s", self._world.name, error)  # noqa: TRY400 (the sentence says all)
                self._stopping.wait(_PAUSE_S)
            else:
                return

    def _drive(self) -> None:
        self._world.interruption.reset()  # first: a kill that comes from here on is asked for after this
        self._settle_checkout()
        journal = self._active()
        if journal is None:
            return
        if journal.state.is_to_be_killed:
            self._world.interruption.ask()
        with self._halting_where_unexpected():
            if self._may_go_on(journal):
                self._run_on(journal)

    def _run_on(self, journal: Journal) -> None:
        runner = Runner(
            journal,
            self._phases(),
            self._ownership,
            self._world,
            self._instruments.boot_id,
            self._faults,
            self._stopping.is_set,
        )
        try:
            with workspace_lock.held(self._world):
                runner.drive()
            self._attest(journal.state)
        except Refused as refused:
            self._halt(journal, "held", refused.code, refused.message)

    @contextlib.contextmanager
    def _halting_where_unexpected(self) -> Iterator[None]:
        """Keep a defect that one release meets from ending the daemon, which other environments need."""
        try:
            yield
        except (HandedOver, *STORE_ERRORS):
            raise
        except Exception as error:
            logger.exception("%s: the release met an error that nobody expected", self._world.name)
            self._halt_unexpectedly(error)

    def _attest(self, state: ReleaseState) -> None:
        """Note beside the checkout how the release came to rest: a record that does not know would do its end again."""
        try:
            self._ownership.bear_witness(f"ticket {state.ticket} came to rest as {state.status}")
        except Refused as refused:
            logger.error("%s: %s", self._world.name, refused)  # noqa: TRY400 (the sentence says all)

    def _remind(self) -> None:
        """A release that rests here may be halted; nothing else has this thread busy then."""
        self._look_again_s = self._reminder.look()

    def _halt_unexpectedly(self, error: Exception) -> None:
        """Halt this release, so that a defect that it meets is not met at every start, nor by other environments.

        What was noted and not stored may be what the life cycle refuses, and what was seen around it may be what cannot
        be recorded: the halt goes on top of the record alone, and nobody looks around.
        """
        journal = self._active()
        if journal is None:
            return
        message = self._world.mask(f"The release met an unexpected {type(error).__name__}: {error}")
        journal.commit(recovery.halt(journal.state, "failed", "internal_error", message))

    def _halt(self, journal: Journal, cause: str, code: str, message: str) -> None:
        halted = recovery.halt(journal.state, cause, code, message)
        journal.commit(witnessed(self._world, journal.state, halted))

    def _halt_for(self, journal: Journal, cause: str, failure: Failure) -> None:
        """Halt with what was found out, and the commands that it names in front."""
        halted = recovery.halt(journal.state, cause, failure.code, failure.message)
        commands = tuple(dict.fromkeys((*failure.next, *halted.failure.next)))
        told = msgspec.structs.replace(failure, next=commands)
        journal.commit(witnessed(self._world, journal.state, msgspec.structs.replace(halted, failure=told)))

    def _active(self) -> Journal | None:
        """Find the release that occupies the environment and is running."""
        journal = self._occupying()
        return journal if journal is not None and journal.state.is_running else None

    def _occupying(self) -> Journal | None:
        """Find the release that occupies the environment: it is running, or halted."""
        lock = self._place.present().lock
        return Journal(self._store, self._fence, Ticket(lock.ticket), self._instruments) if lock else None

    def _phases(self) -> Phases:
        world = self._world
        return {
            Phase.PREPARE: lambda state: prepare.steps(world, state),
            Phase.MIGRATE: lambda state: migrate.steps(world, state),
            Phase.TICKET: lambda state: ticket.steps(world, state),
            Phase.VERIFY: lambda state: verify.steps(world, state),
            Phase.REVERT: lambda state: revert.steps(world, state),
        }


def hand_over(supervisors: Mapping[str, Supervisor], timeout_s: float) -> list[str]:
    """Stop all together; give the names of those whose step had not ended once the time was over."""
    deadline = time.monotonic() + timeout_s
    for supervisor in supervisors.values():
        supervisor.stop(0.0)
    return [name for name, one in supervisors.items() if not one.stop(max(deadline - time.monotonic(), 0.0))]
