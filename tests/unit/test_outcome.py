"""What an operator is told at the end: exit code, message, and what to type next."""

from __future__ import annotations

import pytest

from released.domain import events as ev
from released.domain.failure import Failure, NextCommand
from released.domain.ids import Phase
from released.domain.releases import next_steps
from released.domain.releases.outcome import Outcome, outcome
from support.given_when_then import (
    REQUEST,
    TAKEN_BACK,
    brought_back,
    halted,
    nothing_to_do,
    phase_done,
    plan,
    prepared,
    refused,
    requested,
    revert_plan,
    revert_requested,
    started,
    state_after,
    whole_revert,
    whole_run,
    whole_undoing,
)

RANGE = "aaaaaaaaaaaa..bbbbbbbbbbbb"
REVERTED = [*whole_run(), *whole_revert()]
REJECTED = ev.Pushed(TAKEN_BACK, "the remote has commits of its own")


def told(*events: ev.Event) -> Outcome:
    return outcome(state_after(*events))


def reverted(of: ev.RevertRequested, steps: dict[str, ev.Result | None]) -> list[ev.Event]:
    return [*whole_run(), of, *phase_done(Phase.REVERT, steps), ev.Reverted(1)]


def test_a_release_that_is_over() -> None:
    assert told(*whole_run()) == Outcome(0, f"Ticket 1234 is released ({RANGE}).")


def test_a_release_that_was_done_by_hand() -> None:
    assert told(ev.Adopted(1, REQUEST, plan(), "by hand")) == Outcome(0, f"Ticket 1234 is released ({RANGE}).")


def test_nothing_to_do_exits_with_5() -> None:
    assert told(*nothing_to_do()).exit_code == 5


def test_what_was_only_refused_was_not_found() -> None:
    assert told(refused()).exit_code == 4


@pytest.mark.parametrize(
    "events",
    [
        [requested(), halted(Phase.PREPARE)],
        [*whole_run(), revert_requested(), halted(Phase.REVERT)],
    ],
    ids=["there", "back"],
)
def test_what_was_given_up_has_failed_and_freed_the_environment(events: list[ev.Event]) -> None:
    given_up = told(*events, ev.Abandoned(REQUEST, "never mind"))
    message = "Ticket 1234 was given up; the environment is free, and what it did stays as it is."
    assert given_up == Outcome(1, message, next=next_steps.revert("1234", loses_data=False))


# --- taken back --------------------------------------------------------------------------------------------------


def test_a_release_that_was_taken_back_says_whose_tree_and_whose_data_stand_again() -> None:
    assert told(*REVERTED) == Outcome(
        0, f"Ticket 1234 is taken back: the tree is that of {'a' * 12}; data restored: web."
    )


def test_a_revert_that_left_the_code_alone_says_so() -> None:
    restored: dict[str, ev.Result | None] = {"revert.web.restore": ev.DataRestored("web", "20260518_153012")}
    only_data = reverted(revert_requested(revert_plan(target=None)), restored)
    assert told(*only_data).message == "Ticket 1234 is taken back: its code stays; data restored: web."


def test_a_revert_that_restored_no_data_says_so() -> None:
    only_code = reverted(revert_requested(), {"revert.code": ev.CheckoutMoved(TAKEN_BACK)})
    assert told(*only_code).message.endswith("; no data was restored.")


def test_a_revert_is_complete_although_the_remote_did_not_take_its_commit() -> None:
    of = revert_requested(revert_plan(push=True), ev.RevertOptions(push=True))
    not_pushed = told(*reverted(of, {"revert.push": REJECTED}))
    assert not_pushed.exit_code == 0
    assert not_pushed.message.splitlines()[1] == (
        f"The commit {TAKEN_BACK} was not pushed: the remote has commits of its own"
    )


def test_a_commit_that_the_remote_took_needs_no_word() -> None:
    of = revert_requested(revert_plan(push=True), ev.RevertOptions(push=True))
    assert "push" not in told(*reverted(of, {"revert.push": ev.Pushed(TAKEN_BACK)})).message


def test_a_release_whose_revert_was_taken_back_is_released() -> None:
    assert told(*REVERTED, *whole_undoing()) == Outcome(
        0, f"The revert of ticket 1234 is taken back: it is released ({RANGE})."
    )


def test_an_undone_revert_that_the_remote_did_not_take_says_so() -> None:
    undone = [*REVERTED, revert_requested(revert_plan(undoes=True, push=True))]
    message = told(*undone, *phase_done(Phase.REVERT, {"revert.push": REJECTED}), ev.RevertUndone(1)).message
    assert message.splitlines()[1].startswith(f"The commit {TAKEN_BACK} was not pushed: ")


def test_a_run_after_a_revert_says_nothing_of_that() -> None:
    assert told(*REVERTED, *whole_run(run=2)) == Outcome(0, f"Ticket 1234 is released ({RANGE}).")


# --- halted ------------------------------------------------------------------------------------------------------

HALTED = [requested(), *prepared(), started(Phase.MIGRATE), halted(Phase.MIGRATE)]
HALTED_IN_REVERT = [*whole_run(), revert_requested(), *brought_back()[:-1], halted(Phase.REVERT)]


def test_a_halted_release_may_be_rolled_back_or_resumed() -> None:
    assert told(*HALTED).message.splitlines() == [
        "release-run failed in phase migrate. To roll back:",
        "  releasectl revert 1234",
        "To go on once the cause is mended:",
        "  releasectl resume 1234 --reason '<why>'",
    ]


def test_a_release_that_halted_on_its_way_back_is_rolled_back_by_going_on() -> None:
    assert told(*HALTED_IN_REVERT).message.splitlines() == [
        "release-run failed in phase revert. To roll back:",
        "  releasectl resume 1234 --reason '<why>'",
    ]


def test_in_doubt_on_the_way_back_the_step_is_settled_first() -> None:
    hook = "revert.web.post_data_restore.sh"
    in_doubt = told(*HALTED_IN_REVERT[:-1], halted(Phase.REVERT, "in_doubt", hook))
    assert in_doubt.exit_code == 8
    assert in_doubt.message.splitlines()[1:] == [
        f"  releasectl resolve 1234 {hook} --as done     (it took effect)",
        f"  releasectl resolve 1234 {hook} --as failed   (it did not)",
        "and then:",
        "  releasectl resume 1234",
    ]


@pytest.mark.parametrize("cause", ["failed", "interrupted", "cancelled", "inconclusive", "held"])
def test_a_halt_exits_with_1_and_gives_its_failure_and_what_to_type(cause: str) -> None:
    failure = Failure("some_failure", "Something failed.", next=(NextCommand(("git", "status"), "shows it"),))
    halt = told(*HALTED[:-1], ev.Halted(Phase.MIGRATE, cause, None, failure))
    assert (halt.exit_code, halt.failure, halt.next) == (1, failure, failure.next)
