"""Every crash, and every pair of crashes, of a small release: it comes out as if nothing had happened."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING

import pytest

from released.domain import events as ev
from released.domain.ids import Phase, RequestId
from released.domain.steps import Recovery
from released.domain.ticket_files import render_log
from released.engine import supervisor
from released.engine.faults import POINTS
from released.engine.runner import Runner
from released.phases.effects import Effect, Fate, Harmless, NotDone, Process, Slot, Step
from support.simulated_world import Death, SimulatedWorld
from support.simulation import FAST_FORWARD, IMAGE, PROBE, RECREATE, SCRIPT, Place, Simulation
from support.store import sqlite_store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from released.store.event_store import EventStore

STEPS = (FAST_FORWARD, IMAGE, RECREATE, SCRIPT, PROBE)
PROCESSES = (IMAGE, RECREATE, SCRIPT)
ONCE = (FAST_FORWARD, RECREATE, SCRIPT)
RUNNING = ("before-work", "after-work", "adopting")
"""Places at which a process runs under its shim."""
AFTER_EVENTS = (
    "recovered",
    "prepare_completed",
    "migrate_completed",
    "ticket_completed",
    "verify_completed",
    "released",
)
PLACES = [
    *(Place(point, step) for step in STEPS for point in POINTS),
    *(Place(point, step) for step in PROCESSES for point in ("shim-spawned", "before-work", "after-work")),
    *(Place("recorded", event) for event in AFTER_EVENTS),
]


ANOTHER_LOG = "the log is another one"


def deaths(place: Place) -> list[Death]:
    """List the deaths that differ in what they leave behind."""
    if place.point in RUNNING:
        return list(Death)
    if place.point in ("after-effect", "after-durable"):
        return [Death.DAEMON, Death.HOST]
    return [Death.DAEMON]


CRASHES = [(place, death) for place in PLACES for death in deaths(place)]


@pytest.fixture(scope="module", name="store")
def _store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EventStore]:
    with sqlite_store(tmp_path_factory.mktemp("store") / "released.db") as store:
        yield store


@pytest.fixture(scope="module", name="uninterrupted")
def _uninterrupted(store: EventStore, tmp_path_factory: pytest.TempPathFactory) -> Simulation:
    """Give a release in which no daemon dies."""
    return Simulation(store, tmp_path_factory.mktemp("simulations")).live()


@cache
def outcome(simulation: Simulation) -> object:
    """Give what must not depend on crashes."""
    state = simulation.state
    steps = {name: (step.status, step.result) for name, step in state.steps.items()}
    return state.status, state.head, state.phases, steps, simulation.is_occupied


@cache
def log(simulation: Simulation) -> list[list[str]]:
    """Give phase, event and rc of the lines that operators read, but for those about interruptions."""
    lines = [line.split()[2:] for line in render_log(simulation.events).splitlines()]
    return [fields for fields in lines if fields[1] not in ("event=interrupted", "event=resumed")]


def complaints(simulation: Simulation, uninterrupted: Simulation) -> list[str]:
    """List what is wrong with a release at its end."""
    state, world, events = simulation.state, simulation.world, simulation.events
    succeeded = [name for name, step in state.steps.items() if step.status == "succeeded" and name != PROBE]
    claims = {
        "a script was run twice": world.done.count(SCRIPT) > 1,
        "an effect took place twice": any(world.traces.count(one) > 1 for one in ONCE),
        "an effect is on record that did not last": any(name not in world.traces for name in succeeded),
        "versions have a gap": [one.version for one in events] != [*range(1, len(events) + 1)],
        "an acknowledged event is lost": events != simulation.acknowledged,
    }
    if SCRIPT in world.lost:
        halt = (state.halt.cause, state.halt.step) if state.halt else None
        claims["a lost script is not in doubt"] = halt != ("in_doubt", SCRIPT) or not simulation.is_occupied
    else:
        claims["the outcome is another one"] = outcome(simulation) != outcome(uninterrupted)
        claims[ANOTHER_LOG] = log(simulation) != log(uninterrupted)
    return [claim for claim, holds in claims.items() if holds]


def name_of(crash: object) -> str:
    return "-".join(crash) if isinstance(crash, Place) else str(crash)


def after_each_crash(life: Simulation) -> Iterator[tuple[str, Simulation]]:
    """Let a daemon die at each place in each way, and another one live; give what came of it.

    Two crashes that leave the same record and the same world behind have the same future, so one of them will do.
    """
    left: list[tuple[int, SimulatedWorld]] = []
    for moment in life.moments:
        for death in deaths(moment.place):
            crashed = moment.after(death)
            behind = (len(moment.record), crashed.world.copy())
            if behind not in left:
                left.append(behind)
                yield f"{name_of(moment.place)}-{death}", crashed.live()


def after_crash(simulation: Simulation, place: Place, death: Death) -> Simulation:
    """Let the daemon of a simulation die where it first comes to a place, and another one live."""
    return next(moment for moment in simulation.moments if moment.place == place).after(death).live()


def test_the_release_is_released_with_each_effect_done_once(uninterrupted: Simulation) -> None:
    assert uninterrupted.state.status == "released"
    assert uninterrupted.world.done == [FAST_FORWARD, IMAGE, RECREATE, SCRIPT]


def test_the_release_meets_exactly_the_places_that_are_listed(uninterrupted: Simulation) -> None:
    assert {moment.place for moment in uninterrupted.moments} == set(PLACES)


@pytest.mark.parametrize(("place", "death"), CRASHES, ids=name_of)
def test_after_a_crash_it_comes_out_as_if_nothing_had_happened(
    place: Place, death: Death, uninterrupted: Simulation
) -> None:
    assert complaints(after_crash(uninterrupted, place, death), uninterrupted) == []


@pytest.mark.parametrize("subject", [*STEPS, *AFTER_EVENTS])
def test_after_a_second_crash_wherever_it_comes_out_the_same(subject: str, uninterrupted: Simulation) -> None:
    wrong = {
        (first, second): found
        for first, once in after_each_crash(uninterrupted)
        if subject in first
        for second, twice in after_each_crash(once)
        if (found := complaints(twice, uninterrupted))
    }

    assert wrong == {}


@pytest.mark.parametrize(
    ("place", "death"), [crash for crash in CRASHES if crash[0].subject != "released"], ids=name_of
)
def test_after_a_crash_and_a_halt_an_operator_who_resumes_comes_out_the_same(
    place: Place, death: Death, uninterrupted: Simulation
) -> None:
    moment = next(moment for moment in uninterrupted.moments if moment.place == place)
    halted = moment.after(death, on_restart="halt").live()
    assert halted.state.status == "halted"

    # A phase that halts before its first step begins with a line that says resumed, not start.
    assert set(complaints(halted.resume(), uninterrupted)) <= {ANOTHER_LOG}


@pytest.mark.parametrize("phase", list(Phase)[:3])
@pytest.mark.parametrize("death", [Death.DAEMON, Death.MEANWHILE])
def test_a_script_that_lives_or_ended_behind_a_halt_is_not_run_again_from_whatever_phase(
    death: Death, phase: Phase, uninterrupted: Simulation
) -> None:
    moment = next(moment for moment in uninterrupted.moments if moment.place == Place("before-work", SCRIPT))

    resumed = moment.after(death, on_restart="halt").live().resume(phase)

    assert (resumed.state.status, resumed.world.done.count(SCRIPT)) == ("released", 1)


@pytest.mark.parametrize("step", [IMAGE, RECREATE])
def test_a_command_that_lives_behind_a_halt_is_waited_for_before_its_phase_is_done_anew(
    step: str, uninterrupted: Simulation
) -> None:
    moment = next(moment for moment in uninterrupted.moments if moment.place == Place("before-work", step))

    resumed = moment.after(Death.DAEMON, on_restart="halt").live().resume(Phase.MIGRATE)

    assert resumed.state.status == "released"
    assert [one.has_ended for one in resumed.world.processes.values() if one.name == step] == [True, True]


def test_a_command_that_lives_in_a_later_phase_keeps_no_release_from_being_cancelled(uninterrupted: Simulation) -> None:
    moment = next(moment for moment in uninterrupted.moments if moment.place == Place("before-work", IMAGE))
    cancelling = ev.CancelRequested(RequestId("request-3"), "wrong night")

    resumed = moment.after(Death.DAEMON, on_restart="halt").live().resume(Phase.PREPARE, cancelling)

    assert resumed.state.halt is not None
    assert (resumed.state.halt.phase, resumed.state.halt.cause) == (Phase.PREPARE, "cancelled")


def test_a_script_in_doubt_is_run_again_only_where_the_operator_decides_so(uninterrupted: Simulation) -> None:
    in_doubt = after_crash(uninterrupted, Place("after-work", SCRIPT), Death.HOST)

    decided = in_doubt.resume(Phase.TICKET)

    assert (decided.state.status, decided.world.done.count(SCRIPT)) == ("released", 2)


def test_a_daemon_that_finds_the_release_over_does_nothing(uninterrupted: Simulation) -> None:
    after_all = after_crash(uninterrupted, Place("recorded", "released"), Death.DAEMON)

    assert [one.event for one in after_all.events] == [one.event for one in uninterrupted.events]


@pytest.mark.parametrize("point", POINTS[1:])
@pytest.mark.parametrize("step", [FAST_FORWARD, IMAGE, RECREATE])
def test_a_step_in_which_the_daemon_died_three_times_halts_the_release(
    step: str, point: str, uninterrupted: Simulation
) -> None:
    simulation = uninterrupted
    for _ in range(3):
        simulation = after_crash(simulation, Place(point, step), Death.DAEMON)

    assert simulation.state.halt is not None
    assert (simulation.state.halt.cause, simulation.state.halt.step) == ("interrupted", step)


def test_a_script_that_outlives_many_daemons_is_no_reason_to_halt(uninterrupted: Simulation) -> None:
    simulation = after_crash(uninterrupted, Place("before-work", SCRIPT), Death.DAEMON)
    for _ in range(5):
        simulation = after_crash(simulation, Place("adopting", SCRIPT), Death.DAEMON)

    assert complaints(simulation, uninterrupted) == []


# --- negative controls: what the tests above must notice -----------------------------------------------------------


class _EffectBeforeIntent(Runner):
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
    return Step(step.name, _Bad(step.effect, step.effect.recovery, repeats=True))


def volatile(step: Step) -> Step:
    return Step(step.name, _Bad(step.effect, step.effect.recovery, is_volatile=True))


def unasked(step: Step) -> Step:
    """Take a script that was lost for one that may be repeated."""
    effect = step.effect
    return Step(step.name, replace(effect, recovery=Recovery.REPEAT) if isinstance(effect, Process) else effect)


@pytest.mark.parametrize(
    ("alter", "claim"),
    [
        (repeating, "a script was run twice"),
        (repeating, "an effect took place twice"),
        (volatile, "an effect is on record that did not last"),
        (unasked, "a script was run twice"),
        (unasked, "a lost script is not in doubt"),
    ],
)
def test_wrong_steps_are_noticed(alter: Callable[[Step], Step], claim: str, uninterrupted: Simulation) -> None:
    assert any(claim in found for found in complaints_about_crashes(uninterrupted, alter))


def test_a_runner_that_records_the_intent_after_the_effect_is_noticed(
    uninterrupted: Simulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "Runner", _EffectBeforeIntent)

    assert any("an effect took place twice" in found for found in complaints_about_crashes(uninterrupted))


def complaints_about_crashes(
    uninterrupted: Simulation, alter: Callable[[Step], Step] = lambda step: step
) -> Iterator[list[str]]:
    bad = Simulation(uninterrupted.store, uninterrupted.folder, alter).live()
    for _, crashed in after_each_crash(bad):
        yield complaints(crashed, uninterrupted)
