"""The steps of a release as its record tells of them, on a simulated world: nothing outside is touched.

A step does what it did: it succeeds with the result that is on record, or fails as it failed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial

from released.domain import events as ev
from released.domain.errors import StepFailed
from released.domain.ids import PHASES, Phase
from released.domain.releases.release import ReleaseState
from released.domain.releases.steps import Recovery
from released.engine.runner import Phases
from released.phases.effects import Done, Fate, InDoubt, NotDone, Slot, Step


class Cutoff(StrEnum):
    """What became of the step that was under way."""

    BEFORE = "before its effect"
    AFTER = "after its effect"
    LOST = "with its process lost"
    """Nobody can know how far it came: only a command that is not to be repeated has that fate."""


@dataclass
class RecordedWorld:
    """What took place, by names of steps, and what took place twice."""

    done: set[str] = field(default_factory=set)
    repeated: list[str] = field(default_factory=list)
    lost: str = ""
    """The step whose process was lost."""

    def do(self, step: str, recovery: Recovery) -> None:
        """Let the effect of a step take place."""
        if step in self.done and recovery is not Recovery.REPEAT:
            self.repeated.append(step)
        self.done.add(step)


@dataclass(frozen=True)
class RecordedEffect:
    """The effect of one step."""

    step: str
    recovery: Recovery
    outcome: ev.StepSucceeded | ev.StepFailed | None
    """``None``: none is on record; then it succeeds, with nothing found out."""
    world: RecordedWorld

    def perform(self, slot: Slot) -> ev.Result | None:  # noqa: ARG002 (nothing is printed)
        """Let it take place."""
        self.world.do(self.step, self.recovery)
        return self._concluded()

    def make_durable(self) -> None:
        """Leave it as it is: a simulated world forgets nothing."""

    def recover(self, slot: Slot) -> Fate:  # noqa: ARG002 (nothing was printed)
        """Say what became of it, by its policy."""
        if self.world.lost == self.step:
            return InDoubt("what it was meant to change")
        if self.recovery is Recovery.REPEAT or self.step not in self.world.done:
            return NotDone()
        return Done(self._concluded())

    def stop(self, slot: Slot) -> None:
        """Leave it as it is: nothing runs."""

    def _concluded(self) -> ev.Result | None:
        match self.outcome:
            case ev.StepFailed(failure=failure):
                raise StepFailed(failure)
            case ev.StepSucceeded(result=result):
                return result
            case None:
                return None


@dataclass(frozen=True)
class RecordedSteps:
    """The steps of a run, or of its way back.

    Args:
        way: all events of that, those after the cut among them.
        world: in which they act.
    """

    way: Sequence[ev.Recorded]
    world: RecordedWorld

    def phases(self) -> Phases:
        """Give the steps of each phase."""
        return {phase: partial(self._steps, phase) for phase in (*PHASES, Phase.REVERT)}

    def _steps(self, phase: Phase, state: ReleaseState) -> list[Step]:
        planned = self._planned(phase, state)
        return [Step(one.name, self._effect(one)) for one in planned.steps] if planned else []

    def _planned(self, phase: Phase, state: ReleaseState) -> ev.PhaseStarted | None:
        """Find the plan that holds where the release stands; a phase that was never begun has none."""
        plans = [
            (one.version, one.event)
            for one in self.way
            if isinstance(one.event, ev.PhaseStarted) and one.event.phase is phase
        ]
        before = [plan for version, plan in plans if version <= state.version]
        if before and phase in state.phases:
            return before[-1]
        return next((plan for version, plan in plans if version > state.version), before[-1] if before else None)

    def _effect(self, planned: ev.PlannedStep) -> RecordedEffect:
        outcomes = [
            one.event
            for one in self.way
            if isinstance(one.event, ev.StepSucceeded | ev.StepFailed) and one.event.step == planned.name
        ]
        best = next((one for one in reversed(outcomes) if isinstance(one, ev.StepSucceeded)), None)
        outcome = best or (outcomes[-1] if outcomes else None)
        return RecordedEffect(planned.name, Recovery(planned.recovery), outcome, self.world)
