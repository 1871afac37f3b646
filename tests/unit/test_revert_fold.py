"""The state of a release on its way back, and of one that was done by hand, event by event."""

from __future__ import annotations

import msgspec
import pytest

from released.domain import events as ev
from released.domain.failure import Failure
from released.domain.ids import Phase
from released.domain.releases import release
from support.given_when_then import (
    ACTOR,
    BASE,
    BROUGHT_BACK,
    FIX,
    MERGE,
    REQUEST,
    TAKEN_BACK,
    brought_back,
    halted,
    nothing_to_do,
    phase_done,
    plan,
    prepared,
    recorded,
    requested,
    resumed,
    revert_plan,
    revert_requested,
    started,
    state_after,
    step_begun,
    whole_revert,
    whole_run,
    whole_undoing,
)

FAILURE = Failure("some_failure", "Something failed.")
HALTED_IN_TICKET = [
    requested(),
    *prepared(),
    *phase_done(Phase.MIGRATE),
    started(Phase.TICKET),
    halted(Phase.TICKET),
]
RELEASED = whole_run()
REVERTED = [*RELEASED, *whole_revert()]
UNDONE = [*REVERTED, *whole_undoing()]


def test_on_the_way_back_the_release_still_knows_what_it_did() -> None:
    before, state = state_after(*RELEASED), state_after(*RELEASED, revert_requested())
    assert (state.steps, state.phases, state.plan, state.run) == (before.steps, before.phases, before.plan, before.run)


def test_a_release_that_turns_back_is_in_revert_and_says_from_where_since_when_and_by_whom() -> None:
    state = state_after(*RELEASED, revert_requested())
    at = recorded(*RELEASED, revert_requested())[-1].at
    assert (state.status, state.phase, state.is_running, state.is_way_back) == ("reverting", "revert", True, True)
    assert state.reversal == release.Reversal(revert_plan(), ev.RevertOptions(), 1, "released", at, ACTOR)


def test_the_steps_of_the_way_back_stand_beside_those_of_the_way_there() -> None:
    state = state_after(*REVERTED)
    assert (state.steps["web.recreate"].phase, state.steps["revert.web.recreate"].phase) == ("migrate", "revert")
    assert [state.results(ev.BackedUp, phase)[0].stamp for phase in (Phase.PREPARE, Phase.REVERT)] == [
        "20260518_153012",
        "20260519_090000",
    ]


def test_a_release_that_is_taken_back_is_reverted_and_free_for_a_run() -> None:
    state = state_after(*REVERTED)
    assert (state.status, state.is_running, state.occupies, state.head) == ("reverted", False, False, TAKEN_BACK)
    assert state.phases == {**state_after(*RELEASED).phases, Phase.REVERT: "done"}


@pytest.mark.parametrize(
    ("events", "ending"),
    [
        (RELEASED[:-1], ev.Released(1)),
        (REVERTED[:-1], ev.Reverted(1)),
        (UNDONE[:-1], ev.RevertUndone(1)),
    ],
    ids=["there", "back", "back from the way back"],
)
def test_each_way_has_its_end(events: list[ev.Event], ending: ev.Event) -> None:
    state = state_after(*events)
    assert (state.next_phase(), state.ending()) == (None, ending)


def test_on_the_way_back_there_is_no_phase_but_revert() -> None:
    assert state_after(*HALTED_IN_TICKET, revert_requested()).next_phase() is Phase.REVERT


def test_a_revert_of_a_revert_ends_as_released_where_that_brought_the_checkout() -> None:
    state = state_after(*UNDONE)
    assert (state.status, state.head, state.occupies) == ("released", BROUGHT_BACK, False)


def test_a_second_revert_begins_with_no_step_of_the_first() -> None:
    state = state_after(*REVERTED, revert_requested())
    assert [name for name, step in state.steps.items() if step.phase is Phase.REVERT] == []
    assert Phase.REVERT not in state.phases


def test_reverts_of_a_run_are_counted() -> None:
    state = state_after(*UNDONE, revert_requested())
    assert state.reversal is not None
    assert (state.reversal.number, state.reversal.from_status) == (3, "released")


def test_a_run_after_a_revert_begins_anew() -> None:
    state = state_after(*REVERTED, requested(run=2))
    assert (state.run, state.steps, state.phases, state.reversal, state.is_way_back) == (2, {}, {}, None, False)
    assert (state.head, state.has_moved) == (BASE, False)


def test_a_step_that_nobody_saw_the_end_of_is_not_current_once_the_release_turned_back() -> None:
    running = [requested(), *prepared(), started(Phase.MIGRATE, "web.image"), step_begun("web.image")]
    state = state_after(*running, halted(Phase.MIGRATE, "interrupted"), revert_requested())
    assert (state.current_step, state.steps["web.image"].status) == (None, "interrupted")


def test_turning_back_settles_the_halt() -> None:
    state = state_after(*HALTED_IN_TICKET, revert_requested())
    assert (state.halt, state.cancelling, state.phases[Phase.TICKET]) == (None, None, "halted")


HALTED_IN_REVERT = [
    *RELEASED,
    revert_requested(),
    *brought_back()[:-1],
    step_begun("revert.web.verify"),
    ev.StepFailed("revert.web.verify", 1, FAILURE),
    halted(Phase.REVERT),
]


def test_a_resumed_revert_goes_on_behind_what_is_done() -> None:
    state = state_after(*HALTED_IN_REVERT, resumed(Phase.REVERT))
    assert (state.status, state.phases[Phase.REVERT]) == ("reverting", "running")
    assert (state.steps["revert.web.recreate"].status, state.steps["revert.web.verify"].status) == (
        "succeeded",
        "planned",
    )


@pytest.mark.parametrize("step", ["revert.web.save", "revert.web.keep-images", "revert.code", "revert.web.restore"])
def test_a_revert_that_is_done_anew_keeps_what_it_saved_and_restored(step: str) -> None:
    assert state_after(*HALTED_IN_REVERT, resumed(Phase.REVERT, anew=True)).steps[step].status == "succeeded"


@pytest.mark.parametrize("step", ["revert.checkout", "revert.web.recreate", "revert.web.verify"])
def test_a_revert_that_is_done_anew_looks_and_recreates_again(step: str) -> None:
    assert state_after(*HALTED_IN_REVERT, resumed(Phase.REVERT, anew=True)).steps[step].status == "planned"


@pytest.mark.parametrize("anew", [True, False])
def test_a_resumed_revert_leaves_the_way_there_as_it_was(*, anew: bool) -> None:
    state = state_after(*HALTED_IN_REVERT, resumed(Phase.REVERT, anew=anew))
    assert {**state.phases, Phase.REVERT: "running"} == {**state_after(*RELEASED).phases, Phase.REVERT: "running"}
    assert state.steps["web.verify"] == state_after(*RELEASED).steps["web.verify"]


@pytest.mark.parametrize("head", [BASE, MERGE, TAKEN_BACK])
def test_on_the_way_back_the_steps_themselves_say_where_the_checkout_may_stand(head: str) -> None:
    assert state_after(*RELEASED, revert_requested()).may_stand_at(head)


# --- a release by hand -------------------------------------------------------------------------------------------


def test_a_release_that_was_taken_in_is_released_at_its_merge_without_a_step() -> None:
    state = state_after(*nothing_to_do(), ev.Adopted(2, REQUEST, plan(), "released by hand"))
    assert (state.status, state.run, state.head, state.plan, state.steps) == ("released", 2, MERGE, plan(), {})
    assert (state.is_adopted, state.has_moved) == (True, False)


@pytest.mark.parametrize(("deployed", "behind"), [("", False), (TAKEN_BACK, True)])
def test_a_release_that_was_taken_in_late_leaves_what_was_deployed_since(deployed: str, behind: bool) -> None:  # noqa: FBT001 (a case)
    state = state_after(ev.Adopted(1, REQUEST, plan(), "released by hand", deployed))
    assert (state.head, state.is_behind) == (deployed or MERGE, behind)


@pytest.mark.parametrize("events", [[], [requested()], HALTED_IN_TICKET, RELEASED, UNDONE])
def test_no_other_release_counts_as_taken_in(events: list[ev.Event]) -> None:
    assert not state_after(*events).is_adopted


# --- what is held as bad -----------------------------------------------------------------------------------------

HELD = (release.TakenBack(BASE, MERGE),)
GIVEN_UP: list[ev.Event] = [started(Phase.PREPARE), halted(Phase.PREPARE), ev.Abandoned(REQUEST, "never mind")]
AFTER_A_REVERT: dict[str, list[ev.Event]] = {
    "taken back": REVERTED,
    "run again and given up": [*REVERTED, requested(run=2), *GIVEN_UP],
    "run again with nothing to do": [*REVERTED, *nothing_to_do(2)],
    "run again and taken back before its move": [
        *REVERTED,
        requested(run=2),
        started(Phase.PREPARE),
        halted(Phase.PREPARE),
        revert_requested(revert_plan(target=None)),
        *phase_done(Phase.REVERT),
        ev.Reverted(2),
    ],
    "given up once the code was back": [*REVERTED[:-2], halted(Phase.REVERT), ev.Abandoned(REQUEST, "never mind")],
}


@pytest.mark.parametrize("where", AFTER_A_REVERT)
def test_commits_whose_code_was_taken_back_stay_held_as_bad(where: str) -> None:
    assert state_after(*AFTER_A_REVERT[where]).held == HELD


def test_a_second_run_that_is_taken_back_is_held_beside_the_first() -> None:
    again = msgspec.structs.replace(plan(merge=FIX), base_sha=TAKEN_BACK)
    events = [*REVERTED, *whole_run(again, run=2), *whole_revert()]
    assert state_after(*events).held == (*HELD, release.TakenBack(TAKEN_BACK, FIX))


@pytest.mark.parametrize(
    "events",
    [RELEASED, UNDONE, [*RELEASED, revert_requested(revert_plan(target=None)), *phase_done(Phase.REVERT)]],
    ids=["released", "undone", "code left alone"],
)
def test_nothing_is_held_while_the_code_stands(events: list[ev.Event]) -> None:
    assert state_after(*events).held == ()
