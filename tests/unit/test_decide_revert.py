"""What a request to take a release back, or in, is answered with in every state of the ticket and the environment."""

from __future__ import annotations

import msgspec
import pytest

from released.domain import commands as cmd
from released.domain import events as ev
from released.domain.errors import InvalidInput, NotFound, Refused
from released.domain.ids import PHASES, Phase, Ticket
from support.given_when_then import (
    BASE,
    BROUGHT_BACK,
    MENDED,
    MERGE,
    REQUEST,
    TICKET,
    brought_back,
    given,
    halted,
    nothing_to_do,
    phase_done,
    plan,
    prepared,
    refused,
    requested,
    resumed,
    revert_plan,
    revert_requested,
    started,
    step_begun,
    whole_revert,
    whole_run,
    whole_undoing,
)

REVERT = cmd.Revert(TICKET, REQUEST)
ADOPT = cmd.Adopt(TICKET, REQUEST, BASE, MERGE, "released by hand")
OTHER = Ticket("77")
BUSY = ev.LockTaken(OTHER, 1)
RETURNING = ev.ReturnStarted(REQUEST, "hotfix-7", BASE, MERGE, BASE)
MIGRATED = [requested(), *prepared(), *phase_done(Phase.MIGRATE)]
REVERTING: list[ev.Event] = [*whole_run(), revert_requested(), started(Phase.REVERT, "revert.code")]
HALTED_IN_REVERT: list[ev.Event] = [*REVERTING, halted(Phase.REVERT)]
HALTED: dict[Phase, list[ev.Event]] = {
    Phase.PREPARE: [requested(), started(Phase.PREPARE), halted(Phase.PREPARE)],
    Phase.MIGRATE: [requested(), *prepared(), started(Phase.MIGRATE), halted(Phase.MIGRATE)],
    Phase.TICKET: [*MIGRATED, started(Phase.TICKET), halted(Phase.TICKET)],
    Phase.VERIFY: [*whole_run()[:-2], halted(Phase.VERIFY)],
}
ABANDONED: list[ev.Event] = [*HALTED[Phase.MIGRATE], ev.Abandoned(REQUEST, "never mind")]
ADOPTED: list[ev.Event] = [ev.Adopted(1, REQUEST, plan(), "released by hand")]


def revert(**options: object) -> cmd.Revert:
    return cmd.Revert(TICKET, REQUEST, msgspec.convert(options, ev.RevertOptions))


# --- what can be taken back --------------------------------------------------------------------------------------


def test_a_released_ticket_turns_back_with_its_plan_and_takes_the_lock() -> None:
    given(*whole_run()).when(REVERT, revert_plan()).then(revert_requested(), ev.LockTaken(TICKET, 1))


@pytest.mark.parametrize("phase", PHASES)
def test_a_halted_release_turns_back_from_any_phase_and_keeps_the_lock_that_it_holds(phase: Phase) -> None:
    given(*HALTED[phase], ev.LockTaken(TICKET, 1)).when(REVERT, revert_plan()).then(revert_requested())


def test_a_release_that_halted_before_its_first_phase_turns_back() -> None:
    given(requested(), halted(Phase.PREPARE)).when(REVERT).then(revert_requested())


def test_what_was_given_up_is_taken_back_under_a_lock_of_its_own() -> None:
    given(*ABANDONED).when(REVERT).then(revert_requested(), ev.LockTaken(TICKET, 1))


def test_a_revert_that_was_given_up_is_begun_again() -> None:
    given_up = [*HALTED_IN_REVERT, ev.Abandoned(REQUEST, "never mind")]
    given(*given_up).when(REVERT).then(revert_requested(), ev.LockTaken(TICKET, 1))


def test_a_revert_of_a_whole_release_can_itself_be_taken_back() -> None:
    undoing = revert_plan(undoes=True)
    given(*whole_run(), *whole_revert()).when(REVERT, undoing).then(revert_requested(undoing), ev.LockTaken(TICKET, 1))


def test_a_release_whose_revert_was_taken_back_can_be_taken_back_again() -> None:
    released = [*whole_run(), *whole_revert(), *whole_undoing()]
    given(*released).when(REVERT).then(revert_requested(), ev.LockTaken(TICKET, 1))


def test_the_options_are_put_on_record() -> None:
    options = ev.RevertOptions(with_data=("web",), push=True, reason="users lost their pages")
    given(*whole_run()).when(cmd.Revert(TICKET, REQUEST, options), revert_plan(push=True)).then(
        revert_requested(revert_plan(push=True), options), ev.LockTaken(TICKET, 1)
    )


def test_the_revert_of_a_second_run_is_that_of_the_second_run() -> None:
    second = msgspec.structs.replace(revert_plan(), run=2)
    given(*nothing_to_do(), *whole_run(run=2)).when(REVERT, second).then(
        ev.RevertRequested(2, REQUEST, second, ev.RevertOptions()), ev.LockTaken(TICKET, 2)
    )


# --- what cannot -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("events", [[], [refused()]], ids=["never asked for", "only ever refused"])
def test_what_was_never_run_is_not_found(events: list[ev.Event]) -> None:
    given(*events).when(REVERT).then_refused("ticket_unknown", NotFound)


RUNNING: dict[str, list[ev.Event]] = {
    "requested": [requested()],
    "prepare": [requested(), started(Phase.PREPARE)],
    "migrate": [requested(), *prepared(), started(Phase.MIGRATE)],
    "ticket": [*MIGRATED, started(Phase.TICKET)],
    "verify": whole_run()[:-1],
    "reverting": REVERTING,
}


@pytest.mark.parametrize("status", RUNNING)
def test_what_moves_is_to_be_stopped_first(status: str) -> None:
    refusal = given(*RUNNING[status]).when(REVERT).then_refused("still_running", Refused)
    assert refusal.message.endswith("; stop it first, then take it back.")
    assert refusal.next_commands[0].argv[:3] == ("releasectl", "cancel", "1234")


def test_a_run_that_found_nothing_to_do_has_nothing_to_take_back() -> None:
    given(*nothing_to_do()).when(REVERT).then_refused("nothing_to_revert", Refused)


def test_a_revert_that_halted_goes_on_and_is_not_begun_beside_itself() -> None:
    refusal = given(*HALTED_IN_REVERT).when(REVERT).then_refused("halted_in_revert", Refused)
    assert [command.argv[1:] for command in refusal.next_commands] == [
        ("resume", "1234", "--reason", "<why>"),
        ("logs", "1234", "--phase=revert"),
        ("diagnose", "1234"),
    ]


@pytest.mark.parametrize("before", [*HALTED.values(), ABANDONED], ids=[*PHASES, "abandoned"])
def test_half_a_release_is_not_brought_back(before: list[ev.Event]) -> None:
    refusal = given(*before, *whole_revert()).when(REVERT).then_refused("nothing_whole_before", Refused)
    assert refusal.next_commands[0].argv == ("releasectl", "run", "1234")


def test_of_a_release_that_was_done_by_hand_nothing_was_saved() -> None:
    given(*ADOPTED).when(REVERT).then_refused("nothing_was_saved", Refused)


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (revert(skip_git=True, skip_data=True), "nothing_left"),
        (revert(skip_data=True, with_data=["web"]), "options_contradict"),
        (revert(skip_git=True, push=True), "options_contradict"),
    ],
    ids=["nothing left", "data", "push"],
)
def test_options_that_contradict_each_other_are_a_usage_error(command: cmd.Revert, code: str) -> None:
    given(*whole_run()).when(command).then_refused(code, InvalidInput)


OCCUPIED = [(BUSY, "environment_busy"), (RETURNING, "returning")]


@pytest.mark.parametrize("events", [whole_run(), ABANDONED, [*whole_run(), *whole_revert()]])
@pytest.mark.parametrize(("busy", "code"), OCCUPIED)
def test_nothing_is_taken_back_while_the_environment_is_busy(events: list[ev.Event], busy: ev.Event, code: str) -> None:
    given(*events, busy).when(REVERT).then_refused(code, Refused)


# --- resume on the way back --------------------------------------------------------------------------------------


def resume(from_phase: Phase | None = None, reason: str = MENDED) -> cmd.ResumeRun:
    return cmd.ResumeRun(TICKET, REQUEST, from_phase, reason)


def test_a_revert_goes_on_where_it_halted() -> None:
    given(*HALTED_IN_REVERT).when(resume()).then(resumed(Phase.REVERT))


def test_a_revert_that_halted_before_its_first_step_goes_on() -> None:
    given(*whole_run(), revert_requested(), halted(Phase.REVERT, "interrupted")).when(resume()).then(
        resumed(Phase.REVERT)
    )


def test_a_revert_that_halted_behind_its_last_step_goes_on() -> None:
    over = [*whole_run(), revert_requested(), *brought_back(), halted(Phase.REVERT, "interrupted")]
    given(*over).when(resume()).then(resumed(Phase.REVERT))


def test_a_revert_can_be_done_anew() -> None:
    given(*HALTED_IN_REVERT).when(resume(Phase.REVERT)).then(resumed(Phase.REVERT, anew=True))


@pytest.mark.parametrize("phase", PHASES)
def test_on_the_way_back_no_other_phase_is_resumed(phase: Phase) -> None:
    refusal = given(*HALTED_IN_REVERT).when(resume(phase, "because")).then_refused("halted_in_revert", Refused)
    assert refusal.next_commands[0].argv[:3] == ("releasectl", "resume", "1234")


@pytest.mark.parametrize("phase", PHASES)
def test_no_release_turns_back_by_a_resume(phase: Phase) -> None:
    refusal = given(*HALTED[phase]).when(resume(Phase.REVERT, "because")).then_refused("not_reverting", Refused)
    assert refusal.next_commands[0].argv == ("releasectl", "revert", "1234")


@pytest.mark.parametrize("events", [whole_run(), [*whole_run(), *whole_revert()]], ids=["released", "reverted"])
def test_what_is_not_halted_is_not_resumed_in_revert(events: list[ev.Event]) -> None:
    given(*events).when(resume(Phase.REVERT)).then_refused("not_halted", Refused)


HOOK = "revert.web.post_data_restore.sh"
IN_DOUBT = [
    *whole_run(),
    revert_requested(),
    started(Phase.REVERT, HOOK),
    step_begun(HOOK),
    halted(Phase.REVERT, "in_doubt", HOOK),
]


def test_a_step_in_doubt_on_the_way_back_needs_a_decision_first() -> None:
    refusal = given(*IN_DOUBT).when(resume(reason="")).then_refused("in_doubt", Refused)
    assert [command.argv[1:4] for command in refusal.next_commands] == [
        ("logs", "1234", "--phase=revert"),
        ("resolve", "1234", HOOK),
        ("resolve", "1234", HOOK),
        ("diagnose", "1234"),
    ]


def test_with_what_was_found_a_revert_in_doubt_is_done_anew() -> None:
    given(*IN_DOUBT).when(resume(Phase.REVERT, "it had ended")).then(
        resumed(Phase.REVERT, anew=True, reason="it had ended")
    )


# --- run on the way back, and after it ---------------------------------------------------------------------------

RUN = cmd.StartRun(TICKET, REQUEST)


def test_a_ticket_that_is_being_taken_back_is_not_run() -> None:
    refusal = given(*REVERTING).when(RUN).then_refused("already_running", Refused)
    assert refusal.message == "Ticket 1234 is under way already (run 1, reverting)."


def test_a_ticket_that_halted_on_its_way_back_is_not_run_and_only_goes_on_back() -> None:
    refusal = given(*HALTED_IN_REVERT).when(RUN).then_refused("halted", Refused)
    assert [command.argv[1] for command in refusal.next_commands] == ["resume", "logs", "diagnose"]


def test_a_ticket_that_was_taken_back_may_run_again() -> None:
    given(*whole_run(), *whole_revert()).when(RUN).then(requested(run=2), ev.LockTaken(TICKET, 2))


def test_a_ticket_whose_revert_was_taken_back_is_released() -> None:
    given(*whole_run(), *whole_revert(), *whole_undoing()).when(RUN).then_refused("already_released", Refused)


def test_revert_is_no_phase_that_a_run_could_leave_out() -> None:
    options = ev.RunOptions(skip=(Phase.REVERT,), reason="no way back")
    given().when(cmd.StartRun(TICKET, REQUEST, options)).then_refused("skip_impossible", InvalidInput)


def test_commits_that_were_held_as_bad_come_back_only_with_a_reason() -> None:
    options = ev.RunOptions(include_reverted=True)
    given().when(cmd.StartRun(TICKET, REQUEST, options)).then_refused("reason_missing", InvalidInput)


# --- a release that was done by hand -----------------------------------------------------------------------------

TAKEN_IN: dict[str, tuple[list[ev.Event], int]] = {
    "new": ([], 1),
    "refused": ([refused()], 1),
    "nothing to do": (nothing_to_do(), 2),
    "abandoned": (ABANDONED, 2),
    "reverted": ([*whole_run(), *whole_revert()], 2),
}


@pytest.mark.parametrize("state", TAKEN_IN)
def test_a_release_by_hand_is_taken_in_as_a_run_of_its_own_that_is_over(state: str) -> None:
    events, run = TAKEN_IN[state]
    adopted = ev.Adopted(run, REQUEST, plan(), "released by hand")
    given(*events).when(ADOPT, plan()).then(adopted, ev.LockTaken(TICKET, run), ev.LockFreed(TICKET, run))


@pytest.mark.parametrize(
    ("events", "code"),
    [
        *((events, "already_running") for events in RUNNING.values()),
        *((events, "halted") for events in (*HALTED.values(), HALTED_IN_REVERT)),
        (whole_run(), "already_released"),
        (ADOPTED, "already_released"),
        ([*whole_run(), *whole_revert(), *whole_undoing()], "already_released"),
    ],
)
def test_what_is_under_way_or_released_is_not_taken_in(events: list[ev.Event], code: str) -> None:
    given(*events).when(ADOPT).then_refused(code, Refused)


@pytest.mark.parametrize(("busy", "code"), OCCUPIED)
def test_nothing_is_taken_in_while_the_environment_is_busy(busy: ev.Event, code: str) -> None:
    given(busy).when(ADOPT).then_refused(code, Refused)


def test_a_release_whose_revert_was_taken_back_says_where_it_stands() -> None:
    released = [*whole_run(), *whole_revert(), *whole_undoing()]
    refusal = given(*released).when(RUN).then_refused("already_released")
    assert refusal.message == f"Ticket 1234 was released already (run 1, {BROUGHT_BACK[:12]})."
