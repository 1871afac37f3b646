"""Every crash of a small release, and every two and three: it comes out as if nothing had happened."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from released.domain import events as ev
from released.domain.ids import Phase, RequestId
from released.engine import supervisor
from released.engine.faults import POINTS
from support.bad_steps import EffectBeforeIntent, repeating, unasked, volatile
from support.crash_claims import ANOTHER_LOG, after_crash, after_each_crash, complaints, deaths, name_of
from support.exploration import explore
from support.simulated_phases import FAST_FORWARD, IMAGE, PROBE, RECREATE, SCRIPT
from support.simulated_world import Death
from support.simulation import Place, Simulation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from released.phases.effects import Step
    from support.evidence import Evidence

STEPS = (FAST_FORWARD, IMAGE, RECREATE, SCRIPT, PROBE)
PROCESSES = (IMAGE, RECREATE, SCRIPT)
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


CRASHES = [(place, death) for place in PLACES for death in deaths(place)]


@pytest.fixture(scope="module", name="uninterrupted")
def _uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> Simulation:
    """Give a release in which no daemon dies."""
    return Simulation(tmp_path_factory.mktemp("simulations")).live()


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


@pytest.mark.timeout(600)  # thousands of lives
@pytest.mark.parametrize("crashes", [2, pytest.param(3, marks=pytest.mark.tier1)])
def test_after_several_crashes_wherever_it_comes_out_the_same(
    crashes: int, uninterrupted: Simulation, evidence: Evidence
) -> None:
    """Rows 2, 3, 7 and 11: every sequence of up to so many crashes, those of a daemon that recovers among them."""
    explored = explore(uninterrupted, crashes)

    explored.note(evidence)
    assert explored.wrong == {}


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


@pytest.mark.parametrize("step", PROCESSES)
def test_a_command_that_ended_is_not_run_again_after_a_reboot(step: str, uninterrupted: Simulation) -> None:
    rebooted = after_crash(uninterrupted, Place("after-effect", step), Death.HOST)

    assert (rebooted.state.status, rebooted.world.done.count(step)) == ("released", 1)


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


@pytest.mark.parametrize(
    ("alter", "claim"),
    [
        (repeating, "I2: a script was run twice"),
        (repeating, "I2: an effect took place twice"),
        (volatile, "I2: an effect is on record that did not last"),
        (unasked, "I2: a script was run twice"),
        (unasked, "I4: a lost script is not in doubt"),
    ],
)
def test_wrong_steps_are_noticed(
    alter: Callable[[Step], Step], claim: str, uninterrupted: Simulation, evidence: Evidence
) -> None:
    noticed = any(claim in found for found in complaints_about_crashes(uninterrupted, alter))

    evidence.control(f"{alter.__name__} steps: {claim}", red=noticed)


def test_a_runner_that_records_the_intent_after_the_effect_is_noticed(
    uninterrupted: Simulation, monkeypatch: pytest.MonkeyPatch, evidence: Evidence
) -> None:
    monkeypatch.setattr(supervisor, "Runner", EffectBeforeIntent)

    noticed = any("I2: an effect took place twice" in found for found in complaints_about_crashes(uninterrupted))

    evidence.control("intent after effect", red=noticed)


def complaints_about_crashes(
    uninterrupted: Simulation, alter: Callable[[Step], Step] = lambda step: step
) -> Iterator[list[str]]:
    bad = Simulation(uninterrupted.folder, alter).live()
    for _, crashed in after_each_crash(bad):
        yield complaints(crashed, uninterrupted)
