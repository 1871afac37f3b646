"""An operator has the present step killed, at every place of a small release, and whoever dies then: it halts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from released.domain import events as ev
from released.domain.ids import Phase
from support.simulated_phases import FAST_FORWARD, IMAGE, PROBE, RECREATE, SCRIPT
from support.simulated_world import Death
from support.simulation import KILL, Moment, Place, Simulation

if TYPE_CHECKING:
    from collections.abc import Sequence

OVER = (Place("recorded", "verify_completed"), Place("recorded", "released"))
"""From here on there is no step any more."""


@pytest.fixture(scope="module", name="uninterrupted")
def _uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> Simulation:
    """Give a release that nobody stops."""
    return Simulation(tmp_path_factory.mktemp("simulations")).live()


def stoppable(life: Simulation) -> list[Moment]:
    """List the places of a life at which the release still has steps to do."""
    return [moment for moment in life.moments if moment.place not in OVER]


def killed_at(place: Place, uninterrupted: Simulation) -> Simulation:
    """Let a daemon live that is told to kill the step at a place."""
    simulation = Simulation(uninterrupted.folder)
    simulation.kill_at = place
    return simulation.live()


def complaints(simulation: Simulation, done_before: Sequence[str]) -> list[str]:
    """List what is wrong with a release that was to be killed when so much was done."""
    world, halt = simulation.world, simulation.state.halt
    cause = "in_doubt" if SCRIPT in world.lost else "cancelled"
    claims = {
        "it is not halted for that cause": halt is None or halt.cause != cause,
        "something still runs": not all(one.is_over for one in world.processes.values()),
        "something was begun afterwards": world.done != [*done_before],
        "it does not occupy its environment": not simulation.is_occupied,
    }
    return [claim for claim, holds in claims.items() if holds]


def test_it_halts_at_whatever_place_it_is_killed_and_begins_nothing_any_more(uninterrupted: Simulation) -> None:
    wrong = {
        moment.place: found
        for moment in stoppable(uninterrupted)
        if (found := complaints(killed_at(moment.place, uninterrupted), moment.world.done))
    }

    assert wrong == {}


def test_a_resume_leads_on_from_wherever_it_was_killed(uninterrupted: Simulation) -> None:
    for moment in stoppable(uninterrupted):
        resumed = killed_at(moment.place, uninterrupted).resume()
        assert resumed.state.status == "released", moment.place
        assert {FAST_FORWARD, IMAGE, RECREATE, SCRIPT} == set(resumed.world.traces), moment.place


@pytest.mark.parametrize("on_restart", ["resume", "halt"])
@pytest.mark.parametrize("death", list(Death))
def test_a_daemon_that_dies_before_it_tells_the_step_is_followed_by_one_that_does(
    death: Death, on_restart: str, uninterrupted: Simulation
) -> None:
    wrong = {}
    for moment in stoppable(uninterrupted):
        crashed = moment.after(death, on_restart, KILL)
        done_before = [*crashed.world.done]
        if found := complaints(crashed.live(), done_before):
            wrong[moment.place] = found

    assert wrong == {}


@pytest.mark.parametrize("death", list(Death))
def test_a_daemon_that_dies_while_the_step_ends_is_followed_by_one_that_halts(
    death: Death, uninterrupted: Simulation
) -> None:
    wrong = {}
    for first in stoppable(uninterrupted):
        life = killed_at(first.place, uninterrupted)
        for moment in life.moments[len(places_up_to(first.place, life)) :]:
            crashed = moment.after(death)
            done_before = [*crashed.world.done]
            if found := complaints(crashed.live(), done_before):
                wrong[first.place, moment.place] = found

    assert wrong == {}


def places_up_to(place: Place, life: Simulation) -> list[Place]:
    places = [moment.place for moment in life.moments]
    return places[: places.index(place)]


def test_a_script_that_was_killed_while_it_ran_failed_and_is_run_again_by_a_resume(uninterrupted: Simulation) -> None:
    killed = killed_at(Place("before-work", SCRIPT), uninterrupted)
    halt, step = killed.state.halt, killed.state.steps[SCRIPT]
    assert halt is not None

    resumed = killed.resume()

    assert (halt.phase, halt.failure.code, step.status) == (Phase.TICKET, "cancelled", "failed")
    assert halt.failure.message == f"Cancelled: wrong night; the step {SCRIPT} was stopped."
    assert (resumed.state.status, resumed.world.done.count(SCRIPT)) == ("released", 1)


def test_a_step_that_was_cut_off_is_not_begun_anew_where_its_release_was_cancelled(uninterrupted: Simulation) -> None:
    moment = next(moment for moment in uninterrupted.moments if moment.place == Place("after-intent", IMAGE))
    cancelled = moment.after(Death.DAEMON, "resume", ev.CancelRequested("request-2", "wrong night")).live()

    step = cancelled.state.steps[IMAGE]
    assert (cancelled.state.status, step.status, step.attempt) == ("halted", "interrupted", 1)


def test_a_step_that_succeeded_all_the_same_stays_done(uninterrupted: Simulation) -> None:
    killed = killed_at(Place("after-effect", FAST_FORWARD), uninterrupted)

    assert killed.state.steps[FAST_FORWARD].status == "succeeded"
    assert killed.state.halt is not None
    assert killed.state.halt.failure.message == "Cancelled: wrong night"


def test_a_release_whose_last_step_is_over_is_not_stopped_any_more(uninterrupted: Simulation) -> None:
    assert killed_at(OVER[0], uninterrupted).state.status == "released"


def test_a_release_that_was_killed_and_resumed_is_not_killed_again(uninterrupted: Simulation) -> None:
    resumed = killed_at(Place("before-work", IMAGE), uninterrupted).resume()

    assert resumed.state.steps[PROBE].status == "succeeded"
