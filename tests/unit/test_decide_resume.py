"""Where a halted release goes on, what it leaves out, and when it does not go on at all."""

from __future__ import annotations

import pytest

from released.domain import commands as cmd
from released.domain import events as ev
from released.domain.errors import InvalidInput, Refused
from released.domain.ids import PHASES, Phase
from support.given_when_then import (
    FIX,
    MENDED,
    REQUEST,
    TICKET,
    given,
    halted,
    nothing_to_do,
    phase_done,
    plan,
    prepared,
    refused,
    requested,
    resumed,
    started,
    whole_run,
)

RESUME = cmd.ResumeRun(TICKET, REQUEST, reason=MENDED)
HALTED_IN_PREPARE: list[ev.Event] = [requested(), started(Phase.PREPARE), halted(Phase.PREPARE)]
HALTED_IN_MIGRATE = [requested(), *prepared(), started(Phase.MIGRATE), halted(Phase.MIGRATE)]
HALTED_IN_VERIFY = [*whole_run()[:-2], halted(Phase.VERIFY)]
NEVER_RESUMED: dict[str, list[ev.Event]] = {
    "new": [],
    "only refused": [refused()],
    "running": [requested(), started(Phase.PREPARE)],
    "released": whole_run(),
    "nothing to do": nothing_to_do(),
}


def resume_from(phase: Phase, reason: str = MENDED) -> cmd.ResumeRun:
    return cmd.ResumeRun(TICKET, REQUEST, phase, reason)


def test_without_a_phase_it_goes_on_in_the_phase_that_halted_and_repeats_nothing() -> None:
    given(*HALTED_IN_MIGRATE).when(RESUME).then(resumed(Phase.MIGRATE))


def test_a_release_that_halted_before_its_first_phase_goes_on_with_prepare() -> None:
    given(requested(), halted(Phase.PREPARE)).when(RESUME).then(resumed(Phase.PREPARE))


def test_a_release_that_halted_behind_a_finished_phase_goes_on_with_the_next() -> None:
    given(requested(), *prepared(), halted(Phase.PREPARE, "interrupted")).when(RESUME).then(resumed(Phase.MIGRATE))


def test_a_phase_that_was_finished_before_the_halt_is_not_left_out_by_going_on_behind_it() -> None:
    given(requested(), *prepared(), halted(Phase.PREPARE, "interrupted")).when(resume_from(Phase.MIGRATE)).then(
        resumed(Phase.MIGRATE)
    )


def test_from_a_phase_it_does_that_phase_anew() -> None:
    given(*HALTED_IN_VERIFY).when(resume_from(Phase.MIGRATE)).then(resumed(Phase.MIGRATE, anew=True))


def test_from_prepare_it_takes_up_the_renewed_plan() -> None:
    given(*HALTED_IN_MIGRATE).when(resume_from(Phase.PREPARE), plan(merge=FIX)).then(
        resumed(Phase.PREPARE, anew=True, renewed=plan(merge=FIX))
    )


def test_the_reason_is_put_on_record() -> None:
    command = cmd.ResumeRun(TICKET, REQUEST, reason="the registry was down")
    given(*HALTED_IN_MIGRATE).when(command).then(resumed(Phase.MIGRATE, reason="the registry was down"))


def test_after_a_failure_it_needs_the_cause() -> None:
    missing = (
        given(*HALTED_IN_MIGRATE).when(cmd.ResumeRun(TICKET, REQUEST)).then_refused("reason_missing", InvalidInput)
    )
    assert missing.next_commands[0].argv == ("releasectl", "resume", "1234", "--reason", "<why>")


def test_a_playbook_that_tells_the_cause_is_reason_enough() -> None:
    command = cmd.ResumeRun(TICKET, REQUEST, playbook="stale-credential")
    confirmed = ev.Resumed(REQUEST, Phase.MIGRATE, anew=False, reason="", playbook="stale-credential")
    given(*HALTED_IN_MIGRATE).when(command).then(confirmed)


def test_what_a_person_stopped_goes_on_without_a_cause() -> None:
    stopped = [*HALTED_IN_MIGRATE[:-1], halted(Phase.MIGRATE, "cancelled")]
    given(*stopped).when(cmd.ResumeRun(TICKET, REQUEST)).then(resumed(Phase.MIGRATE, reason=""))


def test_beyond_an_unfinished_phase_it_needs_a_reason() -> None:
    missing = given(*HALTED_IN_MIGRATE).when(resume_from(Phase.VERIFY, "")).then_refused("reason_missing", InvalidInput)
    assert missing.message.startswith("Going on from verify leaves migrate, ticket unfinished")


def test_beyond_an_unfinished_phase_it_records_each_one_left_out_as_skipped() -> None:
    given(*HALTED_IN_MIGRATE).when(resume_from(Phase.VERIFY, "migrated by hand")).then(
        ev.PhaseSkipped(Phase.MIGRATE, "migrated by hand"),
        ev.PhaseSkipped(Phase.TICKET, "migrated by hand"),
        resumed(Phase.VERIFY, reason="migrated by hand"),
    )


def test_a_phase_that_was_skipped_before_is_not_left_out_again() -> None:
    given(*HALTED_IN_VERIFY).when(resume_from(Phase.VERIFY)).then(resumed(Phase.VERIFY, anew=True))


@pytest.mark.parametrize("phase", PHASES)
def test_a_release_that_halted_in_verify_may_go_on_from_any_phase(phase: Phase) -> None:
    given(*HALTED_IN_VERIFY).when(resume_from(phase)).then(resumed(phase, anew=True))


@pytest.mark.parametrize("state", NEVER_RESUMED)
@pytest.mark.parametrize("command", [RESUME, resume_from(Phase.VERIFY, "because")], ids=["plain", "from verify"])
def test_what_is_not_halted_is_not_resumed(state: str, command: cmd.ResumeRun) -> None:
    given(*NEVER_RESUMED[state]).when(command).then_refused("not_halted", Refused)


def test_a_ticket_that_never_ran_is_pointed_to_run() -> None:
    refusal = given().when(RESUME).then_refused("not_halted")
    assert refusal.next_commands[0].argv == ("releasectl", "run", "1234")


def test_a_running_ticket_is_pointed_to_watch() -> None:
    refusal = given(*NEVER_RESUMED["running"]).when(RESUME).then_refused("not_halted")
    assert refusal.next_commands[0].argv == ("releasectl", "watch", "1234")


def test_after_a_second_halt_it_goes_on_where_that_one_was() -> None:
    again: list[ev.Event] = [
        resumed(Phase.MIGRATE),
        *phase_done(Phase.MIGRATE),
        started(Phase.TICKET),
        halted(Phase.TICKET),
    ]
    given(*HALTED_IN_MIGRATE, *again).when(RESUME).then(resumed(Phase.TICKET))


def test_in_prepare_a_resume_without_new_commits_needs_no_plan() -> None:
    given(*HALTED_IN_PREPARE).when(RESUME).then(resumed(Phase.PREPARE))
