"""Steps and a runner that do what they must not: negative controls of the crash simulation."""

from __future__ import annotations

from dataclasses import dataclass, replace

from released.domain import events as ev
from released.domain.releases.steps import Recovery
from released.engine.runner import Runner
from released.phases.effects import Effect, Fate, Harmless, NotDone, Process, Slot, Step


class EffectBeforeIntent(Runner):
    """Records an intent only once its effect took place."""

    def _perform(self, step: Step, attempt: int) -> bool:
        result = step.effect.perform(self._slot(step, attempt))
        return super()._perform(Step(step.name, Harmless(lambda _: result)), attempt)


@dataclass(frozen=True)
class _Bad:
    """An effect like another one, but for what a control changes."""

    good: Effect
    recovery: Recovery
    repeats: bool = False
    """Whether it recovers by doing everything again."""
    is_volatile: bool = False
    """Whether it calls durable what a power cut takes back."""

    def perform(self, slot: Slot) -> ev.Result | None:
        return self.good.perform(slot)

    def make_durable(self) -> None:
        if not self.is_volatile:
            self.good.make_durable()

    def recover(self, slot: Slot) -> Fate:
        return NotDone() if self.repeats else self.good.recover(slot)

    def stop(self, slot: Slot) -> None:
        self.good.stop(slot)


def repeating(step: Step) -> Step:
    """Do everything again after a crash, whatever became of it."""
    return Step(step.name, _Bad(step.effect, step.effect.recovery, repeats=True))


def volatile(step: Step) -> Step:
    """Call an effect durable that a power cut takes back."""
    return Step(step.name, _Bad(step.effect, step.effect.recovery, is_volatile=True))


def unasked(step: Step) -> Step:
    """Take a script that was lost for one that may be repeated."""
    effect = step.effect
    return Step(step.name, replace(effect, recovery=Recovery.REPEAT) if isinstance(effect, Process) else effect)
