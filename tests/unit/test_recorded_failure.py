"""Which failure of a ticket is looked at, and what is known of it."""

from __future__ import annotations

import msgspec

from released.domain import events as ev
from released.domain.failure import Failure
from released.domain.ids import Phase
from released.domain.playbooks.matching import Facts
from released.domain.playbooks.recorded_failure import RecordedFailure, last_failure
from support.given_when_then import (
    halted,
    nothing_to_do,
    phase_done,
    prepared,
    recorded,
    refused,
    requested,
    resumed,
    revert_requested,
    started,
    step_begun,
    step_done,
    whole_run,
)

OUTPUT = ev.OutputRef("steps/prod/1234/1/web.healthy/1/output", 7, "0" * 64)
FAILURE = Failure("unhealthy", "✗ web.healthy: unhealthy", evidence="no route to db")
UNHEALTHY = [
    requested(),
    *prepared(),
    started(Phase.MIGRATE, "web.healthy"),
    step_begun("web.healthy"),
    ev.StepFailed("web.healthy", 1, FAILURE, OUTPUT),
    ev.Halted(Phase.MIGRATE, "failed", "web.healthy", FAILURE),
]


def found(*events: ev.Event) -> RecordedFailure | None:
    return last_failure(recorded(*events))


def facts(*events: ev.Event) -> Facts:
    failure = found(*events)
    assert failure is not None
    return failure.facts


def test_a_release_without_a_failure_has_none() -> None:
    assert found(*whole_run()) is None


def test_of_a_halt_phase_code_service_and_output_are_known() -> None:
    failure = found(*UNHEALTHY)
    assert failure is not None
    assert failure.facts[:3] == (Phase.MIGRATE, "unhealthy", ("web",))
    assert failure.output == OUTPUT


def test_of_a_halt_message_evidence_and_what_was_told_are_read() -> None:
    message, evidence, told = facts(*UNHEALTHY).texts
    assert (message, evidence) == ("✗ web.healthy: unhealthy", "no route to db")
    assert told.startswith("release-run failed in phase migrate. To roll back:")


def test_a_refused_command_does_not_hide_why_the_release_is_halted() -> None:
    assert facts(*UNHEALTHY, refused()).code == "unhealthy"


def test_a_refusal_is_a_failure_of_prepare() -> None:
    assert facts(refused()) == Facts(Phase.PREPARE, "working_tree_dirty", (), ("Working tree is dirty.",))


def test_a_refused_command_that_is_no_run_has_no_phase() -> None:
    assert facts(*whole_run(), msgspec.structs.replace(refused(), command="revert")).phase == ""


def test_nothing_to_do_is_a_failure_with_every_path_and_its_rule() -> None:
    told = facts(*nothing_to_do())
    assert told[:3] == (Phase.PREPARE, "nothing_to_do", ())
    assert told.texts[0].startswith("Nothing to do for ticket 1234")


def test_of_a_release_that_went_on_the_latest_halt_is_looked_at() -> None:
    went_on = [resumed(Phase.MIGRATE), *step_done("web.healthy", attempt=2), ev.PhaseCompleted(Phase.MIGRATE)]
    skipped = [ev.PhaseSkipped(Phase.TICKET, "none"), *phase_done(Phase.VERIFY), ev.Released(1)]
    assert facts(*UNHEALTHY, *went_on, *skipped).code == "unhealthy"


def test_a_step_of_the_way_back_is_about_its_service() -> None:
    back: list[ev.Event] = [started(Phase.REVERT, "revert.web.restore"), step_begun("revert.web.restore")]
    failing = halted(Phase.REVERT, step="revert.web.restore")
    assert facts(*whole_run(), revert_requested(), *back, failing).services == ("web",)


def test_a_script_is_about_no_service() -> None:
    assert facts(requested(), *prepared(), halted(Phase.PREPARE, step="1234-work.sh")).services == ()
