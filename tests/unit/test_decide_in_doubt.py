"""A release in doubt goes on only where the operator says from where, and what was found."""

from __future__ import annotations

import pytest

from released.domain import commands as cmd
from released.domain import events as ev
from released.domain.errors import Refused
from released.domain.ids import Phase
from released.domain.releases import next_steps, recovery
from support.given_when_then import (
    REQUEST,
    TICKET,
    given,
    phase_done,
    prepared,
    requested,
    resumed,
    started,
    state_after,
    step_begun,
)

SCRIPT = "1234-a.sh"
IN_SCRIPT = [
    requested(),
    *prepared(),
    *phase_done(Phase.MIGRATE),
    started(Phase.TICKET, SCRIPT),
    step_begun(SCRIPT),
]
IN_DOUBT = [*IN_SCRIPT, recovery.in_doubt(state_after(*IN_SCRIPT), SCRIPT, "its output")]
FOUND = "it created half of the users; removed them"


def resume(from_phase: Phase | None = None, reason: str = "") -> cmd.ResumeRun:
    return cmd.ResumeRun(TICKET, REQUEST, from_phase, reason)


@pytest.mark.parametrize(
    "command",
    [resume(), resume(reason=FOUND), resume(Phase.TICKET), resume(Phase.MIGRATE)],
    ids=["plain", "only a reason", "only a phase", "only an earlier phase"],
)
def test_without_a_phase_and_a_reason_it_does_not_go_on(command: cmd.ResumeRun) -> None:
    given(*IN_DOUBT).when(command).then_refused("in_doubt", Refused)


def test_the_refusal_says_what_is_in_doubt_and_what_to_look_at() -> None:
    refusal = given(*IN_DOUBT).when(resume()).then_refused("in_doubt")
    assert f"It is not known whether {SCRIPT} took effect" in refusal.message
    assert "Look at: its output." in refusal.message


def test_the_refusal_gives_the_commands_that_decide() -> None:
    refusal = given(*IN_DOUBT).when(resume()).then_refused("in_doubt")
    assert [command.argv[:6] for command in refusal.next_commands[1:3]] == [
        ("releasectl", "resolve", "1234", SCRIPT, "--as", "done"),
        ("releasectl", "resolve", "1234", SCRIPT, "--as", "failed"),
    ]
    assert all(command.argv[6] == "--reason" for command in refusal.next_commands[1:3])


def test_the_halt_gives_the_same_commands_as_the_refusal() -> None:
    halt = IN_DOUBT[-1]
    assert isinstance(halt, ev.Halted)
    refusal = given(*IN_DOUBT).when(resume()).then_refused("in_doubt")
    assert (*halt.failure.next, *next_steps.diagnose(TICKET)) == refusal.next_commands


def test_starting_it_again_is_refused_with_the_same_commands() -> None:
    refusal = given(*IN_DOUBT).when(cmd.StartRun(TICKET, REQUEST)).then_refused("halted")
    assert refusal.next_commands == given(*IN_DOUBT).when(resume()).then_refused("in_doubt").next_commands


def test_with_a_phase_and_a_reason_the_phase_is_done_again() -> None:
    command = resume(Phase.TICKET, FOUND)
    given(*IN_DOUBT).when(command).then(resumed(Phase.TICKET, anew=True, reason=FOUND))


def test_from_the_next_phase_the_one_in_doubt_is_recorded_as_left_out() -> None:
    command = resume(Phase.VERIFY, FOUND)
    given(*IN_DOUBT).when(command).then(ev.PhaseSkipped(Phase.TICKET, FOUND), resumed(Phase.VERIFY, reason=FOUND))


def test_the_commands_name_the_step_that_is_in_doubt() -> None:
    migrated = [requested(), *prepared(), *phase_done(Phase.MIGRATE), ev.PhaseSkipped(Phase.TICKET, "there is none")]
    in_verify = [*migrated, started(Phase.VERIFY, "a"), step_begun("a")]
    halt = recovery.in_doubt(state_after(*in_verify), "a", "it")
    assert [command.argv[3] for command in halt.failure.next] == ["--phase=verify", "a", "a"]
