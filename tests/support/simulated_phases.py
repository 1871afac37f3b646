"""What the phases of a simulated release do, there and back: a step of each kind, which leaves its trace in the world.

A step leaves the trace of its own name. On the way back the number of the revert stands behind it, for a second one has
steps of the same names, and does everything again.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from released.adapters.commands.scripts import Command
from released.domain import events as ev
from released.domain.failure import Failure
from released.domain.ids import Phase, Sha
from released.domain.releases.release import ReleaseState, required_reversal
from released.domain.releases.steps import Recovery
from released.phases.effects import Done, Fate, Harmless, NotDone, Observed, Process, Step
from support.simulated_world import SimulatedShims, SimulatedWorld

if TYPE_CHECKING:
    from collections.abc import Callable

    from released.engine.runner import Phases

MERGE = Sha("b" * 40)
TAKEN_BACK = {1: Sha("d" * 40), 2: Sha("e" * 40)}
"""Where each revert of the run brings the checkout."""
FAST_FORWARD, IMAGE, RECREATE, SCRIPT, PROBE = "fast-forward", "image", "recreate", "script", "probe"
SAVE, CODE, RESTORE, RESTART, REPAIR = (f"revert.{verb}" for verb in ("save", "code", "restore", "restart", "repair"))
"""Saves what stands, takes the code back, restores data, starts the former containers, runs a hook on the data."""
WAY_BACK = (SAVE, CODE, RESTORE, RESTART, REPAIR)
_SAVED, _RESTORED = ev.BackedUp("web", "20260519_090000", 7), ev.DataRestored("web", "20260518_153012")


def trace_of(step: str, revert: int) -> str:
    """Name the trace that a step leaves in the world."""
    return f"{step}@{revert}" if step in WAY_BACK else step


def phases(world: SimulatedWorld, reach: Callable[[str, str], None], alter: Callable[[Step], Step]) -> Phases:
    """Give the steps of each phase, altered.

    Args:
        world: in which they act.
        reach: called where the daemon could die.
        alter: changes each step, for negative controls.
    """
    make = _Steps(world, reach)
    ways = {
        Phase.PREPARE: lambda _: [make.observed(FAST_FORWARD, FAST_FORWARD, ev.CheckoutMoved(MERGE))],
        Phase.MIGRATE: lambda _: [
            make.process(IMAGE, IMAGE, Recovery.REPEAT),
            make.process(RECREATE, RECREATE, Recovery.OBSERVE),
        ],
        Phase.TICKET: lambda _: [make.process(SCRIPT, SCRIPT, Recovery.ASK)],
        Phase.VERIFY: lambda _: [Step(PROBE, Harmless(lambda _: ev.Checked(("✓",))))],
        Phase.REVERT: make.way_back,
    }
    return {phase: _altered(way, alter) for phase, way in ways.items()}


def _altered(
    way: Callable[[ReleaseState], list[Step]], alter: Callable[[Step], Step]
) -> Callable[[ReleaseState], list[Step]]:
    return lambda state: [alter(step) for step in way(state)]


@dataclass(frozen=True)
class _Steps:
    world: SimulatedWorld
    reach: Callable[[str, str], None]

    def way_back(self, state: ReleaseState) -> list[Step]:
        """Give the steps of a revert, in the order that keeps all data."""
        number = required_reversal(state).number
        save, code, restore, restart, repair = (trace_of(step, number) for step in WAY_BACK)
        return [
            self.observed(SAVE, save, _SAVED),
            self.observed(CODE, code, ev.CheckoutMoved(TAKEN_BACK[number])),
            self.repeatable(RESTORE, restore, _RESTORED),
            self.process(RESTART, restart, Recovery.OBSERVE),
            self.process(REPAIR, repair, Recovery.ASK),
        ]

    def observed(self, name: str, trace: str, result: ev.Result) -> Step:
        def observe(_: object) -> Fate:
            return self._look(trace, result)

        return Step(name, Observed(self._doing(trace, result), observe, lambda: self.world.make_durable(trace)))

    def repeatable(self, name: str, trace: str, result: ev.Result) -> Step:
        return Step(name, Harmless(self._doing(trace, result), lambda: self.world.make_durable(trace)))

    def process(self, name: str, trace: str, kind: Recovery) -> Step:
        result = ev.CommandExited(0)
        effect = Process(
            scripts=SimulatedShims(self.world, self.reach, keeps=kind is Recovery.ASK),
            command=lambda: Command((trace,), Path("/"), {}),
            failed=lambda ended, _: Failure("failed", trace, ended.rc),
            conclude=lambda: result,
            recovery=kind,
            observe=(lambda: self._look(trace, result)) if kind is Recovery.OBSERVE else None,
        )
        return Step(name, effect)

    def _doing(self, trace: str, result: ev.Result) -> Callable[[object], ev.Result]:
        def act(_: object) -> ev.Result:
            self.world.do(trace)
            return result

        return act

    def _look(self, trace: str, result: ev.Result) -> Fate:
        self.reach("observing", trace)
        return Done(result) if trace in self.world.traces else NotDone()
