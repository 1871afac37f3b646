"""Crashes of a simulated release, and what must hold of it whoever died where."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from released.domain.releases.ticket_files import render_log
from support.simulated_phases import (
    CODE,
    FAST_FORWARD,
    PROBE,
    RECREATE,
    REPAIR,
    RESTART,
    RESTORE,
    SAVE,
    SCRIPT,
    trace_of,
)
from support.simulated_world import Death
from support.simulation import Place, Simulation

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.simulated_world import SimulatedWorld

ANOTHER_LOG = "I3: the log is another one"
_REVERTS = (1, 2)
_ASKED = (SCRIPT, *(trace_of(REPAIR, number) for number in _REVERTS))
"""Nobody can know how far one of these came once it is lost."""
_ONCE = (
    FAST_FORWARD,
    RECREATE,
    *_ASKED,
    *(trace_of(step, number) for step in (SAVE, CODE, RESTART) for number in _REVERTS),
)
_RUNNING = ("before-work", "after-work", "adopting")
"""Places at which a process runs under its shim."""


def deaths(place: Place) -> list[Death]:
    """List the deaths that differ in what they leave behind."""
    if place.point in _RUNNING:
        return list(Death)
    if place.point in ("after-effect", "after-durable"):
        return [Death.DAEMON, Death.HOST]
    return [Death.DAEMON]


def name_of(crash: object) -> str:
    """Name a place, or a death."""
    return "-".join(crash) if isinstance(crash, Place) else str(crash)


def after_crash(simulation: Simulation, place: Place, death: Death) -> Simulation:
    """Let the daemon of a simulation die where it first comes to a place, and another one live."""
    return next(moment for moment in simulation.moments if moment.place == place).after(death).live()


def after_each_crash(life: Simulation) -> Iterator[tuple[str, Simulation]]:
    """Let a daemon die at each place in each way, and another one live; give what came of it.

    Two crashes that leave the same record and the same world behind have the same future, so one of them will do.
    """
    left: set[bytes] = set()
    for moment in life.moments:
        for death in deaths(moment.place):
            crashed = moment.after(death)
            if crashed.left_behind not in left:
                left.add(crashed.left_behind)
                yield f"{name_of(moment.place)}-{death}", crashed.live()


def outcome(simulation: Simulation) -> object:
    """Give what must not depend on crashes."""
    state = simulation.state
    steps = {name: (step.status, step.result) for name, step in state.steps.items()}
    return state.status, state.head, state.phases, steps, simulation.is_occupied


def log(simulation: Simulation) -> list[list[str]]:
    """Give phase, event and rc of the lines that operators read, but for those about interruptions."""
    lines = [line.split()[2:] for line in render_log(simulation.events).splitlines()]
    return [fields for fields in lines if fields[1] not in ("event=interrupted", "event=resumed")]


@cache
def _measure(uninterrupted: Simulation) -> tuple[object, object]:
    return outcome(uninterrupted), log(uninterrupted)


def complaints(simulation: Simulation, uninterrupted: Simulation) -> list[str]:
    """List what is wrong with a release at its end, each with the invariant that it breaks."""
    state, world, events = simulation.state, simulation.world, simulation.events
    claims = {
        "I2: a script was run twice": any(world.done.count(one) > 1 for one in _ASKED),
        "I2: an effect took place twice": any(world.traces.count(one) > 1 for one in _ONCE),
        "I2: an effect is on record that did not last": any(one not in world.traces for one in _on_record(simulation)),
        "I2: data was saved or restored too late": any(_went_astray(world, number) for number in _REVERTS),
        "I1: versions have a gap": [one.version for one in events] != [*range(1, len(events) + 1)],
        "I1: an acknowledged event is lost": events != simulation.acknowledged,
    }
    if lost := {one.partition("@")[0] for one in world.lost.intersection(_ASKED)}:
        in_doubt = {state.halt.step} if state.halt and state.halt.cause == "in_doubt" else set()
        claims["I4: a lost script is not in doubt"] = in_doubt != lost or not simulation.is_occupied
    else:
        claims["I4: the outcome is another one"] = outcome(simulation) != _measure(uninterrupted)[0]
        claims[ANOTHER_LOG] = log(simulation) != _measure(uninterrupted)[1]
    return [claim for claim, holds in claims.items() if holds]


def _on_record(simulation: Simulation) -> list[str]:
    """List the traces of the steps that succeeded; a probe leaves none."""
    state = simulation.state
    number = state.reversal.number if state.reversal else 0
    done = [name for name, step in state.steps.items() if step.status == "succeeded" and name != PROBE]
    return [trace_of(name, number) for name in done]


def _went_astray(world: SimulatedWorld, revert: int) -> bool:
    """Tell whether something was saved that was restored already, or restored under a service that runs again."""
    order = [trace_of(step, revert) for step in (SAVE, RESTORE, RESTART)]
    done = [order.index(one) for one in world.done if one in order]
    return done != sorted(done)
