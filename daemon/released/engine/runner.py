"""Drives one release: takes its steps one by one, until it is over or halts.

Every step, whatever it does, goes the same way: its intent is recorded, and noted beside the checkout, its effect
performed, the effect made durable, its outcome recorded. A step that is found with an intent and no outcome was cut off
by a crash; its effect says what became of it, and it is concluded, performed again, or left to a person.
"""

from __future__ import annotations

import contextlib
import errno
import logging
from collections.abc import Callable, Iterator, Mapping
from itertools import count

import msgspec

from released.domain import events as ev
from released.domain.errors import ReleasedError, StepInDoubt
from released.domain.failure import Failure
from released.domain.ids import Phase
from released.domain.releases import next_steps, recovery
from released.domain.releases.release import ReleaseState
from released.domain.releases.steps import Recovery
from released.engine.faults import Faults
from released.engine.journal import Journal
from released.engine.ownership import Ownership
from released.engine.slots import AttemptSlot, attempt_slot
from released.phases.effects import Done, Fate, InDoubt, NotDone, Step
from released.phases.surroundings import witnessed
from released.phases.world import World
from released.store.errors import STORE_ERRORS

Phases = Mapping[Phase, Callable[[ReleaseState], list[Step]]]
"""What each phase of a release does, given what is on record."""

logger = logging.getLogger(__name__)


class HandedOver(Exception):
    """The daemon stops between two steps; the release goes on with the next one."""


class Runner:
    """Runs the release of a journal."""

    def __init__(
        self,
        journal: Journal,
        phases: Phases,
        ownership: Ownership,
        world: World,
        boot_id: str,
        faults: Faults,
        stopping: Callable[[], bool],
        witnessed: Callable[[World, ReleaseState, ev.Halted], ev.Halted] = witnessed,
    ) -> None:
        self._journal = journal
        self._phases = phases
        self._ownership = ownership
        self._world = world
        self._boot_id = boot_id
        self._faults = faults
        self._stopping = stopping
        self._witnessed = witnessed

    def drive(self) -> None:
        """Take the release's phases in order until it rests.

        Raises:
            HandedOver: the daemon is stopping.
        """
        while self._state.is_running:
            phase = self._state.next_phase()
            if phase is None:
                self._journal.commit(self._state.ending(), frees_lock=True)
            elif phase in self._state.options.skip:
                self._journal.commit(ev.PhaseSkipped(phase, self._state.options.reason))
            else:
                self._run_phase(phase)

    @property
    def _state(self) -> ReleaseState:
        return self._journal.state

    # --- a phase -------------------------------------------------------------------------------------------------

    def _run_phase(self, phase: Phase) -> None:
        """Take a phase's steps; it is asked for them anew before each, since a step may need what an earlier found."""
        while (steps := self._planned(phase)) is not None:
            if self._is_cancelled(steps):
                return
            unfinished = next((step for step in steps if not self._is_done(step)), None)
            if not steps:
                self._journal.commit(ev.PhaseSkipped(phase, f"nothing to do in {phase}"))
                return
            if unfinished is None:
                self._journal.commit(ev.PhaseCompleted(phase))
                return
            if not self._take(unfinished):
                return

    def _is_cancelled(self, steps: list[Step]) -> bool:
        """Take in what operators asked for since the last step, and halt where it was to stop."""
        self._journal.refresh()
        halted = recovery.cancelled(self._state)
        # A step without an outcome is settled first: stopping is for the moment between two steps.
        if halted is None or any(self._is_under_way(step) for step in steps):
            return False
        self._halt(halted)
        return True

    def _planned(self, phase: Phase) -> list[Step] | None:
        """Ask the phase for its steps and record them; ``None`` where the release halted instead."""
        try:
            steps = self._phases[phase](self._state)
        except ReleasedError as error:
            if self._state.phases.get(phase) != "running":
                self._journal.note(ev.PhaseStarted(phase, ()))
            self._halt(self._failed(phase, None, error.as_failure().masked(self._world.mask)))
            return None
        halted = recovery.planned_otherwise(self._state, phase, [one.name for one in steps])
        if halted is not None:
            self._halt(halted)
            return None
        recorded = self._state.phases.get(phase) == "running" and all(self._state.step(one.name) for one in steps)
        if steps and not recorded:
            planned = tuple(ev.PlannedStep(one.name, one.effect.recovery) for one in steps)
            self._journal.note(ev.PhaseStarted(phase, planned))
        return steps

    def _is_under_way(self, step: Step) -> bool:
        known = self._state.step(step.name)
        return known is not None and known.status == "running"

    def _is_done(self, step: Step) -> bool:
        known = self._state.step(step.name)
        return known is not None and known.status == "succeeded"

    # --- a step --------------------------------------------------------------------------------------------------

    def _take(self, step: Step) -> bool:
        """Bring a step to its outcome; false where the release halted at it.

        One that was cut off and is safe to do again is done again when it is taken next.
        """
        known = self._state.step(step.name)
        if known is None or known.status != "running":
            return self._perform(step, known.attempt + 1 if known else 1)
        with self._stoppable(step, known.attempt):
            # A script is only waited for, which kills no daemon.
            if step.effect.recovery is not Recovery.ASK and self._halts_at(step):
                return False
            return self._conclude(step, known.attempt, _outlasted(step) if known.again else step.effect.recover)

    def _perform(self, step: Step, attempt: int) -> bool:
        if self._stopping():
            self._journal.commit()
            raise HandedOver
        if self._halts_at(step):
            return False
        attempt = self._free_from(step, attempt)
        self._faults("before-intent", step.name)
        self._journal.commit(self._intent(step, attempt))
        self._faults("after-intent", step.name)
        with self._stoppable(step, attempt):
            return self._conclude(step, attempt, lambda slot: self._performed(step, slot))

    def _intent(self, step: Step, attempt: int) -> ev.StepStarted:
        return ev.StepStarted(step.name, attempt, self._boot_id, step.timeout_s, step.idle_s)

    def _performed(self, step: Step, slot: AttemptSlot) -> Fate:
        self._ownership.bear_witness(f"ticket {self._state.ticket}, step {step.name}")
        self._world.interruption.check()  # it may have been asked for while the intent was on its way to the disk
        return Done(step.effect.perform(slot))

    @contextlib.contextmanager
    def _stoppable(self, step: Step, attempt: int) -> Iterator[None]:
        """Have what runs of the step end where an operator asked, or asks, for that; its outcome is recorded then."""
        slot = self._slot(step, attempt)
        with self._world.interruption.ending(lambda: step.effect.stop(slot)):
            yield

    def _halts_at(self, step: Step) -> bool:
        """Halt where the step was interrupted too often."""
        halted = recovery.interrupted_too_often(self._state, step.name)
        if halted is not None:
            self._halt(halted)
        return halted is not None

    def _conclude(self, step: Step, attempt: int, effect: Callable[[AttemptSlot], Fate]) -> bool:
        """Let the effect take place, or find out what became of it, and record the outcome."""
        slot = self._slot(step, attempt)
        try:
            fate = effect(slot)
            if isinstance(fate, Done):
                self._faults("after-effect", step.name)
                step.effect.make_durable()
                self._faults("after-durable", step.name)
        except StepInDoubt as doubt:
            fate = InDoubt(doubt.message)
        except STORE_ERRORS:
            raise
        except ReleasedError as error:
            return self._fail(step, attempt, slot, error.as_failure())
        except Exception as error:
            logger.exception("step %s failed unexpectedly", step.name)
            return self._fail(step, attempt, slot, _unexpected(step.name, error))
        return self._record(step, attempt, slot, fate)

    def _record(self, step: Step, attempt: int, slot: AttemptSlot, fate: Fate) -> bool:
        match fate:
            case Done(result):
                self._journal.note(ev.StepSucceeded(step.name, attempt, result, slot.output()))
                return True
            case NotDone():
                self._journal.note(ev.StepInterrupted(step.name, attempt, self._boot_id))
                return True
            case InDoubt(look_at):
                doubt = recovery.in_doubt(self._state, step.name, look_at)
                self._halt(msgspec.structs.replace(doubt, failure=slot.told(doubt.failure)))
                return False

    def _fail(self, step: Step, attempt: int, slot: AttemptSlot, failure: Failure) -> bool:
        told = slot.told(failure)
        self._journal.refresh()
        phase = self._state.phase or Phase.PREPARE
        halted = recovery.killed(self._state, step.name, told) or self._failed(phase, step.name, told)
        self._halt(halted, ev.StepFailed(step.name, attempt, told, slot.output()))
        return False

    # --- failures ------------------------------------------------------------------------------------------------

    def _halt(self, halted: ev.Halted, *before: ev.Event) -> None:
        """Record a halt, and how things stand at this moment."""
        self._journal.commit(*before, self._witnessed(self._world, self._state, halted))

    def _failed(self, phase: Phase, step: str | None, failure: Failure) -> ev.Halted:
        commands = tuple(dict.fromkeys((*failure.next, *next_steps.after_halt(self._state, "failed"))))
        return ev.Halted(phase, "failed", step, msgspec.structs.replace(failure, next=commands))

    def _slot(self, step: Step, attempt: int) -> AttemptSlot:
        return attempt_slot(self._world, self._state, step.name, attempt)

    def _free_from(self, step: Step, attempt: int) -> int:
        """Count up to an attempt without a folder: a record that was lost or put back leaves old ones behind."""
        return next(number for number in count(attempt) if not self._slot(step, number).path.exists())


def _unexpected(step: str, error: Exception) -> Failure:
    """Explain what no part of the step expected; a full disk can be met anywhere."""
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        where = f": {error.filename}" if error.filename else ""
        message = f"{step} found no space left on the disk{where}. Make room (df -h shows where), then resume."
        return Failure("disk_full", message)
    return Failure("internal_error", f"{step} met an unexpected {type(error).__name__}: {error}")


def _outlasted(step: Step) -> Callable[[AttemptSlot], Fate]:
    """Wait for what may still run of a step that is to be done again, whatever comes of it."""

    def outlast(slot: AttemptSlot) -> Fate:
        with contextlib.suppress(ReleasedError):
            step.effect.recover(slot)
        return NotDone()

    return outlast
