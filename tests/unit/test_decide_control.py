"""Cancel, resolve, give up, note, hold: given events, when a command, then events."""

from __future__ import annotations

import datetime as dt

import pytest

from released.domain import commands as cmd
from released.domain import events as ev
from released.domain.environments import environment
from released.domain.environments.hold import refuse_held
from released.domain.errors import NotFound, Refused
from released.domain.failure import Failure, killed
from released.domain.ids import Phase
from released.domain.releases import decide, next_steps, recovery, release
from released.domain.releases.release import ReleaseState
from support.given_when_then import (
    REQUEST,
    TICKET,
    halted,
    phase_done,
    prepared,
    recorded,
    requested,
    revert_requested,
    started,
    state_after,
    step_begun,
    whole_revert,
    whole_run,
)

SCRIPT = "1234-a.sh"
RUNNING = [requested(), *prepared(), *phase_done(Phase.MIGRATE), started(Phase.TICKET, SCRIPT), step_begun(SCRIPT)]
IN_DOUBT = [*RUNNING, recovery.in_doubt(state_after(*RUNNING), SCRIPT, "its output")]
HALTED = [requested(), *prepared(), started(Phase.MIGRATE, "web.image"), halted(Phase.MIGRATE)]
REVERTING = [*whole_run(), revert_requested(), started(Phase.REVERT, "revert.code")]
HALTED_IN_REVERT = [*REVERTING, halted(Phase.REVERT)]
CANCEL = ev.CancelRequested(REQUEST, "wrong night")
KILL = ev.CancelRequested(REQUEST, "it hangs", kill=True)
NOON = dt.datetime(2026, 5, 18, 12, tzinfo=dt.UTC)


@pytest.mark.parametrize("kill", [False, True])
@pytest.mark.parametrize("events", [RUNNING, REVERTING], ids=["there", "back"])
def test_a_release_that_moves_takes_a_cancel(events: list[ev.Event], kill: bool) -> None:  # noqa: FBT001 (a case)
    assert decide.cancel(cmd.Cancel(TICKET, REQUEST, "wrong night", kill), state_after(*events)) == [
        ev.CancelRequested(REQUEST, "wrong night", kill)
    ]


@pytest.mark.parametrize(
    "events",
    [HALTED, whole_run(), HALTED_IN_REVERT, [*whole_run(), *whole_revert()]],
    ids=["halted", "released", "halted in revert", "reverted"],
)
def test_what_does_not_run_cannot_be_cancelled(events: list[ev.Event]) -> None:
    with pytest.raises(Refused, match="nothing to cancel"):
        decide.cancel(cmd.Cancel(TICKET, REQUEST, "why"), state_after(*events))


def test_a_cancel_of_a_ticket_that_never_ran_is_pointed_to_run() -> None:
    with pytest.raises(NotFound, match="Ticket 1234 was never run here") as refused:
        decide.cancel(cmd.Cancel(TICKET, REQUEST, "why"), state_after())
    assert refused.value.next_commands[0].argv == ("releasectl", "run", "1234")


def test_a_cancelled_release_halts_with_the_reason() -> None:
    halt = recovery.cancelled(state_after(*RUNNING, ev.CancelRequested(REQUEST, "wrong night")))
    assert halt is not None
    assert (halt.cause, halt.failure.message) == ("cancelled", "Cancelled: wrong night")


def test_a_revert_that_is_cancelled_halts_on_its_way_back_and_leads_on_only_there() -> None:
    halt = recovery.cancelled(state_after(*REVERTING, ev.CancelRequested(REQUEST, "wrong ticket")))
    assert halt is not None
    assert (halt.phase, halt.cause) == (Phase.REVERT, "cancelled")
    assert [command.argv[1] for command in halt.failure.next] == ["resume", "logs"]


def test_a_cancel_of_the_release_does_not_stop_its_revert() -> None:
    cancelled = [*RUNNING, ev.CancelRequested(REQUEST, "wrong night"), halted(Phase.TICKET, "cancelled")]
    assert recovery.cancelled(state_after(*cancelled, revert_requested())) is None


def test_a_resumed_release_is_not_cancelled_any_more() -> None:
    cancelled = [*RUNNING, KILL, halted(Phase.TICKET)]
    state = state_after(*cancelled, ev.Resumed(REQUEST, Phase.TICKET, anew=False, reason=""))
    assert (recovery.cancelled(state), state.is_to_be_killed) == (None, False)


@pytest.mark.parametrize("events", [[KILL], [CANCEL, KILL], [KILL, CANCEL]], ids=["kill", "then kill", "kill first"])
def test_a_step_that_is_to_be_killed_stays_so_whatever_else_is_asked_for(events: list[ev.Event]) -> None:
    state = state_after(*RUNNING, *events)
    assert (state.is_to_be_killed, state.cancelling and state.cancelling.reason) == (True, KILL.reason)


def test_a_cancel_alone_kills_nothing() -> None:
    assert not state_after(*RUNNING, CANCEL).is_to_be_killed


def test_a_release_whose_step_was_stopped_halts_with_reason_step_exit_status_and_output() -> None:
    halt = recovery.killed(state_after(*RUNNING, KILL), SCRIPT, killed(143, "the last line"))
    assert halt is not None
    assert (halt.phase, halt.cause, halt.step) == (Phase.TICKET, "cancelled", SCRIPT)
    assert halt.failure.message == f"Cancelled: it hangs; the step {SCRIPT} was stopped."
    assert (halt.failure.code, halt.failure.rc, halt.failure.evidence) == ("cancelled", 143, "the last line")


def test_a_step_that_failed_by_itself_before_it_was_stopped_is_told_as_such() -> None:
    assert recovery.killed(state_after(*RUNNING, KILL), SCRIPT, Failure("script_failed", "why")) is None


def test_a_release_whose_step_was_stopped_is_resumed_with_that_step() -> None:
    halt = recovery.killed(state_after(*RUNNING, KILL), SCRIPT, killed())
    assert halt is not None
    stopped = [*RUNNING, KILL, ev.StepFailed(SCRIPT, 1, killed()), halt]
    resumed = decide.resume(cmd.ResumeRun(TICKET, REQUEST), state_after(*stopped), None)
    assert state_after(*stopped, *resumed).steps[SCRIPT].status == "planned"


def test_a_step_settled_as_done_is_not_run_again() -> None:
    state = state_after(*IN_DOUBT, *decide.resolve(_resolve(done=True), state_after(*IN_DOUBT)))
    assert state.steps[SCRIPT].status == "succeeded"


def test_a_step_settled_as_failed_is_planned_again_by_a_resume() -> None:
    settled = [*IN_DOUBT, *decide.resolve(_resolve(done=False), state_after(*IN_DOUBT))]
    state = state_after(*settled, *decide.resume(cmd.ResumeRun(TICKET, REQUEST), state_after(*settled), None))
    assert state.steps[SCRIPT].status == "planned"


def test_nothing_is_in_doubt_after_it_was_settled() -> None:
    settled = [*IN_DOUBT, *decide.resolve(_resolve(done=True), state_after(*IN_DOUBT))]
    assert decide.admit_resume(cmd.ResumeRun(TICKET, REQUEST), state_after(*settled)) is Phase.TICKET


def test_only_what_is_in_doubt_can_be_settled() -> None:
    with pytest.raises(Refused, match="nothing to resolve"):
        decide.resolve(_resolve(done=True), state_after(*HALTED))


def test_another_step_than_the_one_in_doubt_is_refused_by_name() -> None:
    with pytest.raises(Refused, match=f"but {SCRIPT}") as refused:
        decide.resolve(cmd.Resolve(TICKET, REQUEST, "other", done=True, reason="why"), state_after(*IN_DOUBT))
    assert refused.value.next_commands == next_steps.after_doubt(state_after(*IN_DOUBT))


def test_giving_a_halted_release_up_frees_the_environment() -> None:
    given_up = decide.abandon(cmd.Abandon(TICKET, REQUEST, "never mind"), state_after(*HALTED))
    assert given_up == ([ev.Abandoned(REQUEST, "never mind")], [ev.LockFreed(TICKET, 1)])


@pytest.mark.parametrize("events", [RUNNING, REVERTING], ids=["there", "back"])
def test_a_release_that_moves_cannot_be_given_up(events: list[ev.Event]) -> None:
    with pytest.raises(Refused, match=r"is (in phase ticket|reverting); only a halted release"):
        decide.abandon(cmd.Abandon(TICKET, REQUEST, "why"), state_after(*events))


def test_a_step_whose_command_still_runs_is_ended_by_going_on_and_stopping_it() -> None:
    unsettled = [*RUNNING, halted(Phase.TICKET, "interrupted", SCRIPT)]
    assert [one.argv[1:4] for one in next_steps.end_step(state_after(*unsettled))] == [
        ("resume", "1234"),
        ("cancel", "1234", "--kill"),
    ]


def test_giving_a_halted_revert_up_frees_the_environment() -> None:
    given_up = decide.abandon(cmd.Abandon(TICKET, REQUEST, "never mind"), state_after(*HALTED_IN_REVERT))
    assert given_up == ([ev.Abandoned(REQUEST, "never mind")], [ev.LockFreed(TICKET, 1)])
    assert state_after(*HALTED_IN_REVERT, *given_up[0]).status == "abandoned"


def test_an_abandoned_ticket_may_be_run_again() -> None:
    state = state_after(*HALTED, ev.Abandoned(REQUEST, "never mind"))
    decide.admit_start(cmd.StartRun(TICKET, REQUEST), state, environment.EnvironmentState())
    assert state.status == "abandoned"


def test_a_note_needs_a_ticket_that_was_run() -> None:
    with pytest.raises(NotFound):
        decide.note(cmd.Note(TICKET, REQUEST, "text"), ReleaseState())


def test_a_note_does_not_change_when_a_release_last_moved() -> None:
    before = state_after(*whole_run())
    noted = recorded(*whole_run(), ev.Noted(REQUEST, "the vendor knows"))
    assert release.fold(noted).changed_at == before.changed_at


@pytest.mark.parametrize(("until", "kept_out"), [(None, True), (NOON, False), (NOON + dt.timedelta(1), True)])
def test_a_hold_keeps_releases_out_until_its_end(until: dt.datetime | None, kept_out: bool) -> None:  # noqa: FBT001 (a case)
    place = environment.fold(recorded(ev.Held(REQUEST, "the auditor is here", until), stream="environment/prod"))
    if kept_out:
        with pytest.raises(Refused, match="the auditor is here"):
            refuse_held(place, NOON)
    else:
        refuse_held(place, NOON)


def test_after_unhold_releases_may_start() -> None:
    held, unheld = ev.Held(REQUEST, "the auditor is here"), ev.Unheld("request-2")
    refuse_held(environment.fold(recorded(held, unheld, stream="environment/prod")), NOON)


def _resolve(*, done: bool) -> cmd.Resolve:
    return cmd.Resolve(TICKET, REQUEST, SCRIPT, done, "looked")
