"""Every crash of the way back of a small release, and every two and three: as if nothing had happened."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from released.domain import events as ev
from released.domain.errors import StepFailed
from released.domain.failure import Failure
from released.domain.ids import Phase
from released.domain.releases import step_state
from released.engine import supervisor
from released.engine.faults import POINTS
from released.engine.runner import Runner
from released.phases.effects import Harmless, Step
from support.bad_steps import EffectBeforeIntent, repeating, unasked, volatile
from support.crash_claims import ANOTHER_LOG, after_crash, after_each_crash, complaints, deaths, name_of
from support.exploration import explore
from support.simulated_phases import (
    CODE,
    FAST_FORWARD,
    IMAGE,
    RECREATE,
    REPAIR,
    RESTART,
    RESTORE,
    SAVE,
    SCRIPT,
    TAKEN_BACK,
    WAY_BACK,
    trace_of,
)
from support.simulated_world import Death
from support.simulation import Place, Simulation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from support.evidence import Evidence


def failing_at(name: str) -> Callable[[Step], Step]:
    """Let a release halt at a step."""

    def fail(_: object) -> ev.Result:
        raise StepFailed(Failure("some_failure", "Something failed."))

    return lambda step: Step(name, Harmless(fail)) if step.name == name else step


HALTS = {"halted in migrate": RECREATE, "halted in ticket": SCRIPT}
TAKEN_BACK_AGAIN = "taken back again"
STORIES = ("released", *HALTS, TAKEN_BACK_AGAIN)


def numbered(story: str) -> int:
    """Say which revert of its run a story is about."""
    return 2 if story == TAKEN_BACK_AGAIN else 1


def told(story: str, folder: Path, alter: Callable[[Step], Step] = lambda step: step) -> Simulation:
    """Let a release come as far as its story goes, and be taken back by a daemon that lives."""
    if story in HALTS:
        return Simulation(folder, failing_at(HALTS[story])).live().revert()
    reverted = Simulation(folder, alter).live().revert()
    return reverted.revert() if story == TAKEN_BACK_AGAIN else reverted


def places(story: str) -> list[Place]:
    """List where the daemon may die on the way back."""
    number = numbered(story)
    shims = [trace_of(step, number) for step in (RESTART, REPAIR)]
    after_events = ("revert_requested", "revert_completed", "reverted" if number == 1 else "revert_undone")
    return [
        *(Place(point, step) for step in WAY_BACK for point in POINTS),
        *(Place(point, shim) for shim in shims for point in ("shim-spawned", "before-work", "after-work")),
        *(Place("recorded", event) for event in after_events),
    ]


CRASHES = [(story, place, death) for story in STORIES for place in places(story) for death in deaths(place)]


@pytest.fixture(scope="module", name="uninterrupted")
def _uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Simulation]:
    """Give each story as it goes where no daemon dies."""
    folder = tmp_path_factory.mktemp("simulations")
    return {story: told(story, folder) for story in STORIES}


FORWARD = [FAST_FORWARD, IMAGE, RECREATE, SCRIPT]
BEFORE = {
    "released": FORWARD,
    "halted in migrate": FORWARD[:2],
    "halted in ticket": FORWARD[:3],
    TAKEN_BACK_AGAIN: [*FORWARD, *(trace_of(step, 1) for step in WAY_BACK)],
}


@pytest.mark.parametrize("story", STORIES)
def test_the_way_back_does_each_effect_once_and_frees_the_environment(
    story: str, uninterrupted: Mapping[str, Simulation]
) -> None:
    number, life = numbered(story), uninterrupted[story]
    assert life.world.done == [*BEFORE[story], *(trace_of(step, number) for step in WAY_BACK)]
    assert (life.state.status, life.is_occupied) == ("reverted" if number == 1 else "released", False)
    assert life.state.head == TAKEN_BACK[number]


@pytest.mark.parametrize("story", STORIES)
def test_the_way_back_meets_exactly_the_places_that_are_listed(
    story: str, uninterrupted: Mapping[str, Simulation]
) -> None:
    assert {moment.place for moment in uninterrupted[story].moments} == set(places(story))


@pytest.mark.parametrize(("story", "place", "death"), CRASHES, ids=name_of)
def test_after_a_crash_it_comes_out_as_if_nothing_had_happened(
    story: str, place: Place, death: Death, uninterrupted: Mapping[str, Simulation]
) -> None:
    assert complaints(after_crash(uninterrupted[story], place, death), uninterrupted[story]) == []


@pytest.mark.parametrize("story", STORIES)
def test_after_one_and_two_crashes_wherever_it_comes_out_the_same(
    story: str, uninterrupted: Mapping[str, Simulation], evidence: Evidence
) -> None:
    """Rows 2, 3, 7 and 11: every sequence of up to two crashes, those of a daemon that recovers among them."""
    explored = explore(uninterrupted[story], 2)

    explored.note(evidence)
    assert explored.wrong == {}


@pytest.mark.tier1
@pytest.mark.timeout(600)  # thousands of lives
def test_after_three_crashes_wherever_it_comes_out_the_same(
    uninterrupted: Mapping[str, Simulation], evidence: Evidence
) -> None:
    """Rows 2, 3, 7 and 11: every sequence of up to three crashes while a release is taken back."""
    explored = explore(uninterrupted["released"], 3)

    explored.note(evidence)
    assert explored.wrong == {}


# --- halts -------------------------------------------------------------------------------------------------------

OVER = ("reverted", "revert_undone")
HALTING = [crash for crash in CRASHES if crash[1].subject not in OVER and crash[0] in ("released", TAKEN_BACK_AGAIN)]


@pytest.mark.parametrize(("story", "place", "death"), HALTING, ids=name_of)
def test_after_a_crash_and_a_halt_an_operator_who_resumes_comes_out_the_same(
    story: str, place: Place, death: Death, uninterrupted: Mapping[str, Simulation]
) -> None:
    moment = next(moment for moment in uninterrupted[story].moments if moment.place == place)
    halted = moment.after(death, on_restart="halt").live()
    assert (halted.state.status, halted.state.phase) == ("halted", Phase.REVERT)

    # A phase that halts before its first step begins with a line that says resumed, not start.
    assert set(complaints(halted.resume(), uninterrupted[story])) <= {ANOTHER_LOG}


@pytest.mark.parametrize("place", places("released")[:-1], ids=name_of)
def test_a_way_back_that_is_done_anew_saves_nothing_twice_and_restores_under_no_service_that_runs(
    place: Place, uninterrupted: Mapping[str, Simulation]
) -> None:
    anew = after_halt(uninterrupted["released"], place).resume(Phase.REVERT)

    assert anew.state.status == "reverted"
    assert [anew.world.done.count(trace_of(step, 1)) for step in (SAVE, CODE)] == [1, 1]
    assert "I2: data was saved or restored too late" not in complaints(anew, uninterrupted["released"])


def after_halt(life: Simulation, place: Place) -> Simulation:
    """Let the daemon die at a place, and one find the release that lets it halt."""
    moment = next(moment for moment in life.moments if moment.place == place)
    return moment.after(Death.DAEMON, on_restart="halt").live()


def test_a_hook_in_doubt_is_run_again_only_where_the_operator_decides_so(
    uninterrupted: Mapping[str, Simulation],
) -> None:
    hook = trace_of(REPAIR, 1)
    in_doubt = after_crash(uninterrupted["released"], Place("after-work", hook), Death.HOST)

    decided = in_doubt.resume(Phase.REVERT)

    assert (decided.state.status, decided.world.done.count(hook)) == ("reverted", 2)


@pytest.mark.parametrize("point", POINTS[1:])
@pytest.mark.parametrize("step", [SAVE, CODE, RESTORE, RESTART])
def test_a_step_in_which_the_daemon_died_three_times_halts_the_way_back(
    step: str, point: str, uninterrupted: Mapping[str, Simulation]
) -> None:
    simulation = uninterrupted["released"]
    for _ in range(3):
        simulation = after_crash(simulation, Place(point, step), Death.DAEMON)

    assert simulation.state.halt is not None
    assert (simulation.state.halt.phase, simulation.state.halt.cause, simulation.state.halt.step) == (
        Phase.REVERT,
        "interrupted",
        step,
    )


def test_a_daemon_that_finds_the_release_taken_back_does_nothing(uninterrupted: Mapping[str, Simulation]) -> None:
    life = uninterrupted["released"]
    after_all = after_crash(life, Place("recorded", "reverted"), Death.DAEMON)

    assert [one.event for one in after_all.events] == [one.event for one in life.events]


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
    alter: Callable[[Step], Step], claim: str, uninterrupted: Mapping[str, Simulation], evidence: Evidence
) -> None:
    noticed = any(claim in found for found in complaints_about_crashes(uninterrupted["released"], alter))

    evidence.control(f"{alter.__name__} steps on the way back: {claim}", red=noticed)


def test_a_runner_that_records_the_intent_after_the_effect_is_noticed(
    uninterrupted: Mapping[str, Simulation], monkeypatch: pytest.MonkeyPatch, evidence: Evidence
) -> None:
    monkeypatch.setattr(supervisor, "Runner", EffectBeforeIntent)

    found = complaints_about_crashes(uninterrupted["released"])

    evidence.control(
        "intent after effect on the way back", red=any("I2: an effect took place twice" in one for one in found)
    )


def test_a_second_revert_that_takes_the_slots_of_the_first_is_noticed(
    uninterrupted: Mapping[str, Simulation], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Runner, "_free_from", lambda _self, _step, attempt: attempt)
    life = uninterrupted[TAKEN_BACK_AGAIN]

    again = told(TAKEN_BACK_AGAIN, life.folder)

    assert "I2: an effect is on record that did not last" in complaints(again, life)


def test_a_way_back_that_is_done_anew_with_all_that_it_saved_and_restored_is_noticed(
    uninterrupted: Mapping[str, Simulation], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(step_state, "_stays", lambda _step, *, moved: moved)

    anew = after_halt(uninterrupted["released"], Place("before-intent", REPAIR)).resume(Phase.REVERT)

    assert "I2: data was saved or restored too late" in complaints(anew, uninterrupted["released"])


def complaints_about_crashes(
    life: Simulation, alter: Callable[[Step], Step] = lambda step: step
) -> Iterator[list[str]]:
    bad = told("released", life.folder, alter)
    for _, crashed in after_each_crash(bad):
        yield complaints(crashed, life)
