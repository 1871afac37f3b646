"""The state of a release, event by event."""

from __future__ import annotations

import msgspec
import pytest

from released.domain import events as ev
from released.domain.errors import IllegalEvent
from released.domain.failure import Failure
from released.domain.ids import PHASES, Phase
from released.domain.releases import release
from support.given_when_then import (
    ACTOR,
    BASE,
    BEGIN,
    BOOT,
    FIX,
    MERGE,
    halted,
    nothing_to_do,
    phase_done,
    plan,
    prepared,
    recorded,
    refused,
    requested,
    resumed,
    started,
    state_after,
    step_begun,
    step_done,
    whole_run,
)

FAILURE = Failure("some_failure", "Something failed.")
SCRIPT_DONE = [started(Phase.TICKET, "at-merge", "1234-a.sh"), *step_done("at-merge", ev.Checked(("✓ checkout",)))]
SCRIPT_DONE += step_done("1234-a.sh", ev.CommandExited(0))
MIGRATED = phase_done(Phase.MIGRATE, {"web.recreate": ev.Recreated("web", {"web": "id"})})
HALTED_IN_TICKET = [requested(), *prepared(), *MIGRATED, *SCRIPT_DONE, halted(Phase.TICKET)]


def statuses(state: release.ReleaseState) -> dict[str, str]:
    return {name: step.status for name, step in state.steps.items()}


# --- a run -------------------------------------------------------------------------------------------------------


def test_without_events_there_is_no_run() -> None:
    assert state_after() == release.ReleaseState()


def test_a_request_opens_a_run_with_its_plan_and_who_asked_when() -> None:
    state = state_after(requested())
    assert (state.ticket, state.status, state.run, state.plan) == ("1234", "requested", 1, plan())
    assert (state.started_by, state.started_at) == (ACTOR, BEGIN)


def test_a_refusal_opens_no_run() -> None:
    state = state_after(refused())
    assert (state.status, state.run, state.plan, state.version) == ("new", 0, None, 1)


def test_a_good_release_is_released_with_every_phase_accounted_for() -> None:
    state = state_after(*whole_run())
    assert (state.status, state.is_running, state.occupies) == ("released", False, False)
    assert state.phases == {"prepare": "done", "migrate": "done", "ticket": "skipped", "verify": "done"}


def test_a_second_run_starts_with_nothing_of_the_first() -> None:
    state = state_after(*nothing_to_do(), requested(run=2))
    assert (state.run, state.phases, state.steps, state.status) == (2, {}, {}, "requested")


def test_version_and_time_are_those_of_the_last_event() -> None:
    events = recorded(*whole_run())
    state = release.fold(events)
    assert (state.version, state.changed_at) == (len(events), events[-1].at)


def test_folding_on_top_of_an_earlier_state_is_folding_from_the_beginning() -> None:
    events = recorded(*HALTED_IN_TICKET)
    assert all(release.fold(events[cut:], release.fold(events[:cut])) == release.fold(events) for cut in range(9))


def test_an_event_that_the_life_cycle_does_not_allow_is_not_folded() -> None:
    with pytest.raises(IllegalEvent):
        state_after(requested(), ev.Released(1))


@pytest.mark.parametrize(("events", "occupies"), [([requested()], True), (HALTED_IN_TICKET, True), ([], False)])
def test_running_and_halted_releases_occupy_their_environment(events: list[ev.Event], *, occupies: bool) -> None:
    assert state_after(*events).occupies is occupies


# --- phases ------------------------------------------------------------------------------------------------------


def test_a_phase_starts_with_its_steps_planned() -> None:
    state = state_after(requested(), started(Phase.PREPARE, "web.backup", "fast-forward"))
    assert (state.phase, state.phases) == (Phase.PREPARE, {"prepare": "running"})
    assert statuses(state) == {"web.backup": "planned", "fast-forward": "planned"}


def test_the_next_phase_is_the_first_that_is_neither_done_nor_skipped() -> None:
    state = state_after(requested(), *prepared(), ev.PhaseSkipped(Phase.MIGRATE, "no service"), started(Phase.TICKET))
    assert state.next_phase() is Phase.TICKET


def test_after_the_last_phase_there_is_no_next() -> None:
    assert state_after(*whole_run()).next_phase() is None


# --- steps -------------------------------------------------------------------------------------------------------


def test_a_step_with_an_intent_and_no_outcome_is_the_current_one() -> None:
    state = state_after(requested(), started(Phase.PREPARE, "web.backup"), step_begun("web.backup"))
    assert state.current_step == state.step("web.backup")


def test_an_intent_keeps_attempt_boot_and_time() -> None:
    step = state_after(requested(), started(Phase.PREPARE, "a"), step_begun("a", attempt=2)).steps["a"]
    assert (step.status, step.attempt, step.boot_id, step.ended_at) == ("running", 2, BOOT, None)
    assert step.started_at == recorded(*[refused()] * 3)[-1].at


def test_a_step_that_succeeded_keeps_its_result_and_is_no_longer_current() -> None:
    kept = ev.BackedUp("web", "20260518_153012", 7)
    state = state_after(requested(), started(Phase.PREPARE, "a"), *step_done("a", kept))
    assert (state.current_step, state.steps["a"].status, state.results(ev.BackedUp, Phase.PREPARE)) == (
        None,
        "succeeded",
        [kept],
    )


def test_a_step_that_failed_keeps_its_failure() -> None:
    failed = ev.StepFailed("a", 1, FAILURE)
    step = state_after(requested(), started(Phase.PREPARE, "a"), step_begun("a"), failed).steps["a"]
    assert (step.status, step.failure) == ("failed", FAILURE)


def test_a_new_attempt_forgets_the_failure() -> None:
    failed: list[ev.Event] = [step_begun("a"), ev.StepFailed("a", 1, FAILURE), step_begun("a", 2)]
    assert state_after(requested(), started(Phase.PREPARE, "a"), *failed).steps["a"].failure is None


def interrupted(times: int) -> list[ev.Event]:
    once: list[ev.Event] = [step_begun("a"), ev.StepInterrupted("a", 1, BOOT)]
    return [requested(), started(Phase.PREPARE, "a"), *once * times]


def test_interruptions_in_a_row_are_counted() -> None:
    assert state_after(*interrupted(2)).steps["a"].interruptions == 2


def test_success_ends_the_row_of_interruptions() -> None:
    assert state_after(*interrupted(2), *step_done("a")).steps["a"].interruptions == 0


def test_a_resume_forgives_interruptions() -> None:
    state = state_after(*interrupted(3), halted(Phase.PREPARE, "interrupted"), resumed(Phase.PREPARE))
    assert state.steps["a"].interruptions == 0


def test_recovery_alone_forgives_no_interruption() -> None:
    assert state_after(*interrupted(2), ev.Recovered(Phase.PREPARE, "a", BOOT)).steps["a"].interruptions == 2


# --- the host ----------------------------------------------------------------------------------------------------


def test_a_step_that_is_begun_says_which_boot_the_record_is_of() -> None:
    assert state_after(requested(), started(Phase.PREPARE, "a"), step_begun("a")).boot_id == BOOT


def test_a_daemon_that_goes_on_has_not_compared_the_record_with_what_is_there() -> None:
    assert state_after(*interrupted(1), ev.Recovered(Phase.PREPARE, "a", "another boot")).boot_id == BOOT


def test_a_comparison_with_what_is_there_holds_for_this_boot() -> None:
    assert state_after(*interrupted(1), ev.Reconciled("another boot")).boot_id == "another boot"


def test_a_comparison_is_no_progress_of_the_release() -> None:
    before = state_after(*interrupted(1))
    assert state_after(*interrupted(1), ev.Reconciled("another boot")).changed_at == before.changed_at


# --- the checkout ------------------------------------------------------------------------------------------------


def test_head_is_where_the_checkout_stood_until_it_moves() -> None:
    assert state_after(requested(), started(Phase.PREPARE, "fast-forward")).head == BASE


def test_head_follows_the_checkout() -> None:
    assert state_after(requested(), *prepared()).head == MERGE


def test_head_follows_the_checkout_a_second_time() -> None:
    renewed = resumed(Phase.PREPARE, anew=True, renewed=plan(merge=FIX))
    moved = [started(Phase.PREPARE, "fast-forward"), *step_done("fast-forward", ev.CheckoutMoved(FIX))]
    assert state_after(*HALTED_IN_TICKET, renewed, *moved).head == FIX


# --- halts and resumes -------------------------------------------------------------------------------------------


def test_a_halt_keeps_phase_cause_and_failure() -> None:
    state = state_after(requested(), started(Phase.PREPARE, "a"), halted(Phase.PREPARE, "failed", "a"))
    assert (state.status, state.phase, state.phases) == ("halted", Phase.PREPARE, {"prepare": "halted"})
    assert state.halt == halted(Phase.PREPARE, "failed", "a")


def test_a_halt_behind_a_finished_phase_leaves_that_phase_finished() -> None:
    state = state_after(requested(), *prepared(), halted(Phase.PREPARE, "interrupted"))
    assert (state.phases, state.next_phase()) == ({"prepare": "done"}, Phase.MIGRATE)


def test_a_resumed_release_runs_again_in_its_phase() -> None:
    state = state_after(*HALTED_IN_TICKET, resumed(Phase.TICKET))
    assert (state.status, state.phases[Phase.TICKET], state.halt) == ("ticket", "running", None)


def test_a_resume_leaves_finished_steps_finished_and_plans_the_others_again() -> None:
    failed = [started(Phase.MIGRATE, "a", "b"), *step_done("a"), step_begun("b"), ev.StepFailed("b", 1, FAILURE)]
    state = state_after(requested(), *prepared(), *failed, halted(Phase.MIGRATE), resumed(Phase.MIGRATE))
    assert (state.steps["a"].status, state.steps["b"].status) == ("succeeded", "planned")


def test_a_phase_that_starts_again_does_not_plan_finished_steps_again() -> None:
    events = [*HALTED_IN_TICKET, resumed(Phase.TICKET), started(Phase.TICKET, "at-merge", "1234-a.sh", "1234-b.sh")]
    state = state_after(*events)
    assert (state.steps["1234-a.sh"].status, state.steps["1234-b.sh"].status) == ("succeeded", "planned")


@pytest.mark.parametrize(("phase", "reopened"), [(Phase.MIGRATE, "planned"), (Phase.TICKET, "succeeded")])
def test_anew_reopens_the_steps_of_its_phase_and_later_ones_only(phase: Phase, reopened: str) -> None:
    state = state_after(*HALTED_IN_TICKET, resumed(phase, anew=True))
    assert state.steps["web.recreate"].status == reopened


def test_anew_forgets_that_later_phases_were_done() -> None:
    state = state_after(*whole_run()[:-2], halted(Phase.VERIFY), resumed(Phase.MIGRATE, anew=True))
    assert state.phases == {"prepare": "done", "migrate": "running"}


ANY_RESUME = [
    *(resumed(phase, anew=True) for phase in PHASES),
    resumed(Phase.TICKET),
    resumed(Phase.PREPARE, anew=True, renewed=plan(merge=FIX)),
]


@pytest.mark.parametrize("event", ANY_RESUME, ids=repr)
def test_a_backup_is_never_taken_again_in_its_run(event: ev.Resumed) -> None:
    assert state_after(*HALTED_IN_TICKET, event).steps["web.backup"].status == "succeeded"


@pytest.mark.parametrize("event", ANY_RESUME, ids=repr)
def test_a_script_that_exited_0_is_never_run_again_in_its_run(event: ev.Resumed) -> None:
    assert state_after(*HALTED_IN_TICKET, event).steps["1234-a.sh"].status == "succeeded"


def test_images_that_were_kept_stay_kept() -> None:
    kept = {"web.keep-images": ev.ImagesKept("web", {"web": "id"})}
    events = [requested(), *phase_done(Phase.PREPARE, kept), started(Phase.MIGRATE), halted(Phase.MIGRATE)]
    state = state_after(*events, resumed(Phase.PREPARE, anew=True, renewed=plan(merge=FIX)))
    assert state.steps["web.keep-images"].status == "succeeded"


def test_a_hook_of_migrate_is_run_again_with_its_phase() -> None:
    hook = phase_done(Phase.MIGRATE, {"web.ensure-config.sh": ev.CommandExited(0)})
    events = [requested(), *prepared(), *hook, started(Phase.TICKET), halted(Phase.TICKET)]
    state = state_after(*events, resumed(Phase.MIGRATE, anew=True))
    assert state.steps["web.ensure-config.sh"].status == "planned"


def test_the_checkout_is_looked_at_again_when_the_ticket_phase_is_done_anew() -> None:
    assert state_after(*HALTED_IN_TICKET, resumed(Phase.TICKET, anew=True)).steps["at-merge"].status == "planned"


def test_the_checkout_does_not_move_again_for_the_same_plan() -> None:
    state = state_after(*HALTED_IN_TICKET, resumed(Phase.PREPARE, anew=True))
    assert state.steps["fast-forward"].status == "succeeded"


@pytest.mark.parametrize("anew", [True, False])
def test_the_checkout_moves_again_for_a_renewed_plan(*, anew: bool) -> None:
    state = state_after(*HALTED_IN_TICKET, resumed(Phase.PREPARE, anew=anew, renewed=plan(merge=FIX)))
    assert (state.steps["fast-forward"].status, state.steps["fast-forward"].result) == ("planned", None)


MOVE_BEGUN = [requested(), started(Phase.PREPARE, "checkout.fast-forward"), step_begun("checkout.fast-forward")]
MOVE_FAILED = [*MOVE_BEGUN, ev.StepFailed("checkout.fast-forward", 1, FAILURE), halted(Phase.PREPARE)]


@pytest.mark.parametrize("events", [MOVE_BEGUN, MOVE_FAILED])
@pytest.mark.parametrize(("head", "allowed"), [(BASE, True), (MERGE, True), (FIX, False)])
def test_while_its_move_has_no_success_the_checkout_may_have_moved(
    events: list[ev.Event], head: str, *, allowed: bool
) -> None:
    assert state_after(*events).may_stand_at(head) is allowed


@pytest.mark.parametrize(("head", "allowed"), [(BASE, False), (MERGE, True), (FIX, False)])
def test_a_checkout_that_moved_may_stand_nowhere_else(head: str, *, allowed: bool) -> None:
    assert state_after(*HALTED_IN_TICKET).may_stand_at(head) is allowed


@pytest.mark.parametrize(("head", "allowed"), [(BASE, False), (MERGE, True), (FIX, True)])
def test_a_checkout_that_moved_once_may_move_on_for_a_renewed_plan(head: str, *, allowed: bool) -> None:
    renewed = msgspec.structs.replace(plan(merge=FIX), head_sha=MERGE)
    state = state_after(*HALTED_IN_TICKET, resumed(Phase.PREPARE, anew=True, renewed=renewed))
    assert state.may_stand_at(head) is allowed


def test_a_renewed_plan_takes_the_place_of_the_old_one() -> None:
    state = state_after(*HALTED_IN_TICKET, resumed(Phase.PREPARE, anew=True, renewed=plan(merge=FIX)))
    assert state.plan == plan(merge=FIX)


def test_without_a_renewed_plan_the_old_one_stays() -> None:
    assert state_after(*HALTED_IN_TICKET, resumed(Phase.MIGRATE, anew=True)).plan == plan()


def test_a_release_without_a_run_has_no_plan_to_require() -> None:
    with pytest.raises(AssertionError, match="has no plan"):
        release.required(None)
