"""What a new daemon decides about a release that it finds unfinished."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest

from released.domain import events as ev
from released.domain.ids import Phase
from released.domain.releases import next_steps, recovery
from released.domain.releases.steps import Recovery
from support.given_when_then import (
    BEGIN,
    BOOT,
    halted,
    plan,
    prepared,
    requested,
    resumed,
    revert_requested,
    started,
    state_after,
    step_begun,
    step_done,
    whole_run,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

RUNNING: list[ev.Event] = [requested(), started(Phase.PREPARE, "web.backup"), step_begun("web.backup")]
LAST = BEGIN + dt.timedelta(seconds=len(RUNNING) - 1)
HOUR_S = 3600.0


def decided(idle_s: float, *, resume: bool = True, events: list[ev.Event] | None = None) -> ev.Recovered | ev.Halted:
    state = state_after(*(events or RUNNING))
    since = state.changed_at or BEGIN
    now = since + dt.timedelta(seconds=idle_s)
    return recovery.decide(state, now, "boot-2", resume=resume, resume_within_s=HOUR_S)


@pytest.mark.parametrize("idle_s", [0.0, 60.0, HOUR_S])
def test_a_release_that_stood_still_for_at_most_the_limit_goes_on(idle_s: float) -> None:
    assert decided(idle_s) == ev.Recovered(Phase.PREPARE, "web.backup", "boot-2")


def test_a_release_between_two_steps_goes_on_without_naming_one() -> None:
    assert decided(1.0, events=[requested(), started(Phase.PREPARE)]) == ev.Recovered(Phase.PREPARE, None, "boot-2")


def test_a_release_before_its_first_phase_goes_on_with_prepare() -> None:
    assert decided(1.0, events=[requested()]) == ev.Recovered(Phase.PREPARE, None, "boot-2")


def test_a_revert_before_its_first_step_goes_on_with_revert() -> None:
    assert decided(1.0, events=[*whole_run(), revert_requested()]) == ev.Recovered(Phase.REVERT, None, "boot-2")


def test_a_revert_in_a_step_goes_on_there() -> None:
    events = [*whole_run(), revert_requested(), started(Phase.REVERT, "revert.code"), step_begun("revert.code")]
    assert decided(1.0, events=events) == ev.Recovered(Phase.REVERT, "revert.code", "boot-2")


def halt_of(decision: ev.Recovered | ev.Halted | None) -> ev.Halted:
    assert isinstance(decision, ev.Halted)
    return decision


def test_a_release_that_stood_still_for_longer_halts_as_interrupted_and_says_for_how_long() -> None:
    halt = halt_of(decided(HOUR_S + 1))
    assert (halt.phase, halt.cause, halt.step) == (Phase.PREPARE, "interrupted", "web.backup")
    assert halt.failure.code == "recovery_too_late"
    assert "stood still for 1h00m, longer than recovery.resume_within (1h00m)" in halt.failure.message


def test_where_recovery_is_off_every_release_halts() -> None:
    halt = halt_of(decided(0.0, resume=False))
    assert (halt.cause, halt.failure.code) == ("interrupted", "recovery_off")


@pytest.mark.parametrize(("idle_s", "resume"), [(HOUR_S + 1, True), (0.0, False)], ids=["too late", "recovery off"])
def test_a_step_that_is_to_be_killed_is_looked_after_whatever_the_limits_say(idle_s: float, resume: bool) -> None:  # noqa: FBT001 (a case)
    killing = [*RUNNING, ev.CancelRequested("request-2", "it hangs", kill=True)]
    assert isinstance(decided(idle_s, resume=resume, events=killing), ev.Recovered)


def test_a_clock_that_went_back_halts_nothing() -> None:
    assert isinstance(decided(-HOUR_S), ev.Recovered)


@pytest.mark.parametrize(
    "events",
    [RUNNING, [requested()], [*whole_run(), revert_requested()]],
    ids=["in a step", "before the first phase", "on the way back"],
)
def test_the_halt_is_one_that_the_life_cycle_takes_and_a_resume_leads_on_from(events: list[ev.Event]) -> None:
    halt = halt_of(decided(HOUR_S + 1, events=events))
    assert state_after(*events, halt).status == "halted"
    assert halt.failure.next[0].argv == ("releasectl", "resume", "1234")


def interrupted(times: int) -> list[ev.Event]:
    once: list[ev.Event] = [step_begun("a"), ev.StepInterrupted("a", 1, BOOT)]
    return [requested(), started(Phase.PREPARE, "a"), *once * times]


def test_a_step_that_was_interrupted_twice_is_tried_again() -> None:
    assert recovery.interrupted_too_often(state_after(*interrupted(2)), "a") is None


def test_a_step_that_was_interrupted_three_times_halts_the_release() -> None:
    halt = halt_of(recovery.interrupted_too_often(state_after(*interrupted(3)), "a"))
    assert (halt.cause, halt.step, halt.failure.code) == ("interrupted", "a", "interrupted_too_often")


def test_a_step_that_is_not_known_was_never_interrupted() -> None:
    assert recovery.interrupted_too_often(state_after(requested()), "a") is None


def planned(*steps: str, kind: Recovery = Recovery.ASK, taken: Sequence[ev.Event] = ()) -> ev.Halted | None:
    """Decide on a phase in which another version took the step ``a``, or more of it."""
    begun = ev.PhaseStarted(Phase.MIGRATE, (ev.PlannedStep("a", kind),))
    state = state_after(requested(), *prepared(), begun, *(taken or [step_begun("a")]))
    return recovery.planned_otherwise(state, Phase.MIGRATE, steps)


@pytest.mark.parametrize("kind", [Recovery.ASK, Recovery.OBSERVE])
@pytest.mark.parametrize("taken", [[step_begun("a")], step_done("a")], ids=["under way", "done"])
def test_a_phase_that_another_version_began_with_a_step_of_another_name_halts(
    kind: Recovery, taken: list[ev.Event]
) -> None:
    halt = halt_of(planned("b", kind=kind, taken=taken))
    assert (halt.cause, halt.failure.code) == ("interrupted", "planned_otherwise")
    assert "took a, which this version knows by no such name" in halt.failure.message


def test_what_is_harmless_to_repeat_may_have_another_name() -> None:
    assert planned("b", kind=Recovery.REPEAT) is None


def test_a_backup_that_was_cut_off_halts_no_release_that_a_fix_made_another() -> None:
    cut_off = (requested(), ev.PhaseStarted(Phase.PREPARE, (ev.PlannedStep("web.backup", "observe"),)))
    fixed = resumed(Phase.PREPARE, anew=True, renewed=plan(services=("wiki",)))
    state = state_after(*cut_off, step_begun("web.backup"), halted(Phase.PREPARE, "interrupted", "web.backup"), fixed)
    assert recovery.planned_otherwise(state, Phase.PREPARE, ["wiki.backup"]) is None


def test_who_is_left_with_the_phase_of_another_version_is_not_told_to_go_on_with_this_one() -> None:
    halt = halt_of(planned("b"))
    assert halt.failure.message.endswith("Let the other version finish the release, or take it back.")
    assert [command.argv[1] for command in halt.failure.next] == ["revert", "logs"]


def test_a_way_back_that_another_version_began_cannot_be_taken_back() -> None:
    begun = ev.PhaseStarted(Phase.REVERT, (ev.PlannedStep("a", "observe"),))
    state = state_after(*whole_run(), revert_requested(), begun, step_begun("a"))
    halt = halt_of(recovery.planned_otherwise(state, Phase.REVERT, ["b"]))
    assert halt.failure.message.endswith("Let the other version finish the release.")
    assert [command.argv[1] for command in halt.failure.next] == ["logs"]


def test_a_command_that_is_refused_meanwhile_leads_nowhere_else() -> None:
    begun = ev.PhaseStarted(Phase.MIGRATE, (ev.PlannedStep("a", "ask"),))
    state = state_after(requested(), *prepared(), begun, step_begun("a"), halt_of(planned("b")))
    assert [command.argv[1] for command in next_steps.while_halted(state)] == ["revert", "logs", "diagnose"]


@pytest.mark.parametrize("steps", [("a",), ("a", "b"), ()], ids=["the same", "one more", "none"])
def test_a_phase_whose_begun_steps_are_planned_goes_on(steps: tuple[str, ...]) -> None:
    assert planned(*steps) is None


def test_a_phase_that_was_not_begun_may_be_planned_in_any_way() -> None:
    assert recovery.planned_otherwise(state_after(requested(), *prepared()), Phase.MIGRATE, ["b"]) is None


def test_a_step_in_doubt_halts_with_what_to_look_at() -> None:
    halt = recovery.in_doubt(state_after(*RUNNING), "web.backup", "the backup's folder")
    assert (halt.cause, halt.step, halt.failure.code) == ("in_doubt", "web.backup", "step_in_doubt")
    assert halt.failure.message.endswith("Look at: the backup's folder.")
