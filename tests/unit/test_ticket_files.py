"""The two derived files of a ticket, byte for byte."""

from __future__ import annotations

import datetime as dt

import pytest

from released.domain import events as ev
from released.domain.failure import Failure
from released.domain.ids import Phase
from released.domain.releases.ticket_files import is_ours, render_env, render_log
from support.given_when_then import (
    BASE,
    BEGIN,
    BOOT,
    FIX,
    MERGE,
    REQUEST,
    halted,
    nothing_to_do,
    phase_done,
    plan,
    prepared,
    recorded,
    refused,
    requested,
    resumed,
    revert_requested,
    started,
    step_begun,
    step_done,
    whole_revert,
    whole_run,
    whole_undoing,
)

TWO = plan(services=["redmine", "wikijs"])
BACKUPS = {
    "redmine.backup": ev.BackedUp("redmine", "20260518_153012", 1),
    "wikijs.backup": ev.BackedUp("wikijs", "20260518_153015", 1),
}
HEAD = f"TICKET=1234\nBASE_SHA={BASE}\nMERGE_SHA={MERGE}\n"


def env(*events: ev.Event) -> str:
    return render_env(recorded(*events))


def log(*events: ev.Event) -> list[str]:
    """Give the log's lines without their time and ticket."""
    lines = render_log(recorded(*events)).splitlines()
    return [line.removeprefix(line[:20]).removeprefix(" ticket=1234 phase=").replace("event=", "") for line in lines]


# --- <ticket>.env --------------------------------------------------------------------------------------------------


def test_the_env_file_of_a_release_with_two_backups() -> None:
    assert env(requested(TWO), *phase_done(Phase.PREPARE, BACKUPS)) == (
        f"TICKET=1234\nBASE_SHA={'a' * 40}\nMERGE_SHA={'b' * 40}\n"
        'SERVICES="redmine wikijs"\nBACKUPS="redmine=20260518_153012 wikijs=20260518_153015"\n'
    )


def test_before_a_run_there_is_no_env_file() -> None:
    assert env(refused()) == env() == ""


def test_backups_are_not_written_before_there_is_one() -> None:
    assert env(requested(TWO), started(Phase.PREPARE, *BACKUPS)) == f'{HEAD}SERVICES="redmine wikijs"\n'


def test_the_first_backup_is_written_before_the_second_is_taken() -> None:
    events = [requested(TWO), started(Phase.PREPARE, *BACKUPS), *step_done("redmine.backup", BACKUPS["redmine.backup"])]
    assert env(*events).endswith('BACKUPS="redmine=20260518_153012"\n')


def test_a_release_of_a_script_alone_has_no_services() -> None:
    assert env(requested(plan(services=(), scripts=["1234-a.sh"]))) == f'{HEAD}SERVICES=""\n'


def test_a_renewed_plan_shows_its_merge_and_keeps_the_backups() -> None:
    renewed = resumed(Phase.PREPARE, anew=True, renewed=plan(merge=FIX))
    text = env(requested(), *prepared(), started(Phase.MIGRATE), halted(Phase.MIGRATE), renewed)
    assert f"MERGE_SHA={FIX}\n" in text
    assert text.endswith('BACKUPS="web=20260518_153012"\n')


def test_a_second_run_takes_the_place_of_the_first() -> None:
    assert env(*nothing_to_do(), requested(TWO, run=2)) == f'{HEAD}SERVICES="redmine wikijs"\n'


def test_a_refusal_after_a_run_changes_nothing() -> None:
    assert env(*whole_run(), refused()) == env(*whole_run())


def test_the_way_back_leaves_the_env_file_with_the_backups_that_prepare_took() -> None:
    released = env(*whole_run())
    assert 'BACKUPS="web=20260518_153012"\n' in released
    assert env(*whole_run(), *whole_revert()) == env(*whole_run(), *whole_revert(), *whole_undoing()) == released


def test_a_run_after_a_revert_takes_the_place_of_the_first() -> None:
    assert env(*whole_run(), *whole_revert(), requested(TWO, run=2)) == f'{HEAD}SERVICES="redmine wikijs"\n'


def test_a_release_by_hand_has_an_env_file_without_backups() -> None:
    assert env(ev.Adopted(1, REQUEST, TWO, "by hand")) == f'{HEAD}SERVICES="redmine wikijs"\n'


# --- <ticket>.log --------------------------------------------------------------------------------------------------


def test_the_log_of_a_failed_prepare() -> None:
    begin = BEGIN - dt.timedelta(seconds=16)
    events = recorded(requested(), started(Phase.PREPARE), halted(Phase.PREPARE), begin=begin, every_s=28.0)
    assert render_log(events) == (
        "2026-05-18T15:30:12Z ticket=1234 phase=prepare event=start\n"
        "2026-05-18T15:30:40Z ticket=1234 phase=prepare event=failed rc=1\n"
    )


def test_a_good_release() -> None:
    assert log(*whole_run()) == [
        "prepare start",
        "prepare done rc=0",
        "migrate start",
        "migrate done rc=0",
        "ticket skipped",
        "verify start",
        "verify done rc=0",
    ]


def test_nothing_to_do_is_done_with_5() -> None:
    assert log(*nothing_to_do()) == ["prepare start", "prepare done rc=5"]


def test_all_runs_are_appended() -> None:
    assert log(*nothing_to_do(), requested(run=2), started(Phase.PREPARE)) == [
        "prepare start",
        "prepare done rc=5",
        "prepare start",
    ]


@pytest.mark.parametrize(
    ("cause", "line"),
    [
        ("failed", "prepare failed rc=7"),
        ("inconclusive", "prepare failed rc=7"),
        ("interrupted", "prepare interrupted"),
        ("in_doubt", "prepare interrupted"),
        ("cancelled", "prepare cancelled"),
        ("held", "prepare held"),
    ],
)
def test_each_cause_of_a_halt_has_its_line(cause: str, line: str) -> None:
    assert log(requested(), started(Phase.PREPARE), halted(Phase.PREPARE, cause, rc=7))[-1] == line


def test_a_resume_goes_on_without_a_second_start() -> None:
    again: list[ev.Event] = [resumed(Phase.MIGRATE), started(Phase.MIGRATE, "a"), ev.PhaseCompleted(Phase.MIGRATE)]
    events = [requested(), *prepared(), started(Phase.MIGRATE), halted(Phase.MIGRATE, rc=2), *again]
    assert log(*events)[2:] == ["migrate start", "migrate failed rc=2", "migrate resumed", "migrate done rc=0"]


def test_phases_behind_the_resumed_one_start_again() -> None:
    halted_in_verify = [*whole_run()[:-2], halted(Phase.VERIFY)]
    again: list[ev.Event] = [resumed(Phase.MIGRATE, anew=True), *phase_done(Phase.MIGRATE), started(Phase.TICKET)]
    assert log(*halted_in_verify, *again)[-3:] == ["migrate resumed", "migrate done rc=0", "ticket start"]


def test_phases_that_are_left_out_by_a_resume_are_skipped() -> None:
    left_out: list[ev.Event] = [ev.PhaseSkipped(Phase.MIGRATE, "by hand"), ev.PhaseSkipped(Phase.TICKET, "by hand")]
    events = [requested(), *prepared(), halted(Phase.PREPARE), *left_out, resumed(Phase.VERIFY, anew=True)]
    assert log(*events)[-3:] == ["migrate skipped", "ticket skipped", "verify resumed"]


def test_a_phase_that_plans_more_steps_on_its_way_starts_once() -> None:
    assert log(requested(), started(Phase.PREPARE, "a"), started(Phase.PREPARE, "a", "b")) == ["prepare start"]


def test_a_release_that_goes_on_after_a_crash_was_interrupted_and_resumed() -> None:
    events: list[ev.Event] = [
        requested(),
        started(Phase.PREPARE, "a"),
        step_begun("a"),
        ev.Recovered(Phase.PREPARE, "a", BOOT),
    ]
    assert log(*events) == ["prepare start", "prepare interrupted", "prepare resumed"]


@pytest.mark.parametrize("before", [[], prepared()], ids=["before the first phase", "between two phases"])
def test_a_crash_in_no_phase_interrupts_none(before: list[ev.Event]) -> None:
    events = [requested(), *before]
    assert log(*events, ev.Recovered(Phase.PREPARE, None, BOOT)) == log(*events)


@pytest.mark.parametrize(
    "event",
    [
        step_begun("a"),
        ev.StepSucceeded("a", 1),
        ev.StepFailed("a", 1, Failure("f", "F.")),
        ev.StepInterrupted("a", 1, BOOT),
        refused(),
    ],
    ids=lambda event: type(event).__name__,
)
def test_events_of_steps_and_refusals_have_no_line(event: ev.Event) -> None:
    assert log(requested(), started(Phase.PREPARE, "a"), event) == ["prepare start"]


def test_a_request_and_the_end_have_no_line_of_their_own() -> None:
    assert log(requested()) == []


# --- the log of the way back ---------------------------------------------------------------------------------------

REVERTING: list[ev.Event] = [*whole_run(), revert_requested(), started(Phase.REVERT, "revert.code")]
BEHIND = len(log(*whole_run()))


def back(*events: ev.Event) -> list[str]:
    """Give the lines behind those of the release."""
    return log(*events)[BEHIND:]


def test_a_revert_starts_and_is_done() -> None:
    assert back(*whole_run(), *whole_revert()) == ["revert start", "revert done rc=0"]


def test_a_revert_that_was_only_asked_for_has_no_line() -> None:
    assert back(*whole_run(), revert_requested()) == []


@pytest.mark.parametrize(
    ("cause", "expected"),
    [
        ("failed", "revert failed rc=7"),
        ("interrupted", "revert interrupted"),
        ("in_doubt", "revert interrupted"),
        ("cancelled", "revert cancelled"),
        ("held", "revert held"),
    ],
)
def test_each_cause_of_a_halt_on_the_way_back_has_its_line(cause: str, expected: str) -> None:
    assert back(*REVERTING, halted(Phase.REVERT, cause, rc=7)) == ["revert start", expected]


def test_a_revert_that_is_resumed_goes_on_without_a_second_start() -> None:
    again: list[ev.Event] = [resumed(Phase.REVERT), started(Phase.REVERT, "a", "b"), ev.PhaseCompleted(Phase.REVERT)]
    assert back(*REVERTING, halted(Phase.REVERT), *again, ev.Reverted(1)) == [
        "revert start",
        "revert failed rc=1",
        "revert resumed",
        "revert done rc=0",
    ]


def test_a_revert_that_goes_on_after_a_crash_was_interrupted_and_resumed() -> None:
    assert back(*REVERTING, ev.Recovered(Phase.REVERT, None, BOOT)) == [
        "revert start",
        "revert interrupted",
        "revert resumed",
    ]


def test_a_crash_before_the_first_step_of_a_revert_interrupts_nothing() -> None:
    assert back(*whole_run(), revert_requested(), ev.Recovered(Phase.REVERT, None, BOOT)) == []


def test_a_revert_of_a_revert_starts_again() -> None:
    assert back(*whole_run(), *whole_revert(), *whole_undoing()) == ["revert start", "revert done rc=0"] * 2


def test_a_halted_release_that_turns_back_has_the_lines_of_both() -> None:
    turned = [requested(), *prepared(), started(Phase.MIGRATE), halted(Phase.MIGRATE), *whole_revert()]
    assert log(*turned)[-4:] == ["migrate start", "migrate failed rc=1", "revert start", "revert done rc=0"]


def test_a_run_after_a_revert_is_appended() -> None:
    assert back(*whole_run(), *whole_revert(), *whole_run(run=2))[2:] == log(*whole_run())


def test_a_release_by_hand_has_no_line() -> None:
    assert log(ev.Adopted(1, REQUEST, plan(), "by hand")) == []


def test_fractions_of_a_second_are_cut() -> None:
    late = BEGIN + dt.timedelta(milliseconds=999)
    text = render_log(recorded(requested(), started(Phase.PREPARE), begin=late, every_s=0.0))
    assert text == "2026-05-18T15:30:00Z ticket=1234 phase=prepare event=start\n"


# --- whose file is it ----------------------------------------------------------------------------------------------

HISTORY = recorded(
    *nothing_to_do(),
    requested(TWO, run=2),
    *phase_done(Phase.PREPARE, BACKUPS),
    started(Phase.MIGRATE),
    halted(Phase.MIGRATE),
    *whole_revert(),
)


@pytest.mark.parametrize("count", range(1, len(HISTORY) + 1))
def test_every_earlier_state_of_both_files_is_ours(count: int) -> None:
    assert is_ours(render_log(HISTORY[:count]), HISTORY, log=True)
    assert is_ours(render_env(HISTORY[:count]), HISTORY, log=False)


def test_a_log_that_was_cut_in_a_line_is_ours() -> None:
    assert is_ours(render_log(HISTORY)[:-9], HISTORY, log=True)


@pytest.mark.parametrize(
    "content",
    [
        "2020-01-01T00:00:00Z ticket=1234 phase=prepare event=start\n",
        render_log(HISTORY) + "a remark by hand\n",
        render_log(HISTORY)[1:],
    ],
    ids=["the old tool's", "added to", "cut in front"],
)
def test_a_log_that_we_never_wrote_is_not_ours(content: str) -> None:
    assert not is_ours(content, HISTORY, log=True)


@pytest.mark.parametrize(
    "content",
    ["TICKET=1234\n", "", render_env(HISTORY)[:-1], render_env(HISTORY) + "EXTRA=1\n"],
    ids=["the old tool's", "empty", "cut", "added to"],
)
def test_an_env_file_that_we_never_wrote_is_not_ours(content: str) -> None:
    assert not is_ours(content, HISTORY, log=False)
