"""What a request to release a ticket is answered with, in every state of the ticket and of the environment."""

from __future__ import annotations

import pytest

from released.domain import commands as cmd
from released.domain import events as ev
from released.domain.errors import Refused
from released.domain.ids import Phase, Ticket
from support.given_when_then import (
    ENVIRONMENT,
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
    started,
    whole_run,
)

RUN = cmd.StartRun(TICKET, REQUEST)
OTHER = Ticket("77")


def test_a_first_run_is_accepted_with_its_plan_and_takes_the_lock() -> None:
    given().when(RUN, plan()).then(requested(plan()), ev.LockTaken(TICKET, 1))


def test_the_options_are_put_on_record() -> None:
    options = ev.RunOptions(skip=(Phase.VERIFY,), reason="verified by hand")
    accepted = ev.RunRequested(1, REQUEST, ENVIRONMENT, plan(), options)
    given().when(cmd.StartRun(TICKET, REQUEST, options), plan()).then(accepted, ev.LockTaken(TICKET, 1))


def test_a_ticket_with_a_script_and_no_service_is_something_to_do() -> None:
    only_script = plan(services=(), scripts=["1234-a.sh"])
    given().when(RUN, only_script).then(requested(only_script), ev.LockTaken(TICKET, 1))


def test_nothing_to_do_ends_at_once_without_the_lock() -> None:
    given().when(RUN, plan(services=())).then(
        requested(plan(services=())),
        ev.PhaseStarted(Phase.PREPARE, ()),
        ev.PhaseCompleted(Phase.PREPARE),
        ev.NothingToDo(1),
    )


def test_a_ticket_that_found_nothing_to_do_may_run_again_as_run_2() -> None:
    given(*nothing_to_do()).when(RUN, plan()).then(requested(plan(), run=2), ev.LockTaken(TICKET, 2))


def test_a_refusal_opens_no_run() -> None:
    given(refused(), refused()).when(RUN, plan()).then(requested(plan()), ev.LockTaken(TICKET, 1))


RUNNING: dict[str, list[ev.Event]] = {
    "requested": [requested()],
    "prepare": [requested(), started(Phase.PREPARE)],
    "migrate": [requested(), *prepared(), started(Phase.MIGRATE)],
    "ticket": [requested(), *prepared(), *phase_done(Phase.MIGRATE), started(Phase.TICKET)],
    "verify": whole_run()[:-1],
}


@pytest.mark.parametrize("status", RUNNING)
def test_a_ticket_that_is_being_released_is_refused_and_can_be_followed(status: str) -> None:
    refusal = given(*RUNNING[status]).when(RUN).then_refused("already_running", Refused)
    assert [command.argv for command in refusal.next_commands] == [("releasectl", "watch", "1234")]


CAUSE = ("--reason", "<why>")


def test_a_halted_ticket_is_refused_with_the_commands_that_would_do() -> None:
    refusal = (
        given(requested(), *prepared(), started(Phase.MIGRATE), halted(Phase.MIGRATE))
        .when(RUN)
        .then_refused("halted", Refused)
    )
    assert [command.argv[1:] for command in refusal.next_commands] == [
        ("resume", "1234", *CAUSE),
        ("run", "1234", "--from=migrate", *CAUSE),
        ("run", "1234", "--from=prepare", *CAUSE),
        ("revert", "1234"),
        ("logs", "1234", "--phase=migrate"),
        ("diagnose", "1234"),
    ]


def test_a_released_ticket_is_refused() -> None:
    refusal = given(*whole_run()).when(RUN).then_refused("already_released", Refused)
    assert refusal.next_commands[0].argv == ("releasectl", "status", "1234")


def test_a_second_release_is_refused_while_another_holds_the_lock() -> None:
    refusal = given(ev.LockTaken(OTHER, 1)).when(RUN).then_refused("environment_busy", Refused)
    assert refusal.message.startswith(
        "Ticket 77 occupies the environment since 2026-05-18T15:30:00Z (started by alice)"
    )


def test_a_lock_that_was_freed_keeps_nobody_out() -> None:
    given(ev.LockTaken(OTHER, 1), ev.LockFreed(OTHER, 1)).when(RUN).then(requested(), ev.LockTaken(TICKET, 1))


def test_a_lease_keeps_nobody_out() -> None:
    given(ev.LeaseTaken(1, "host", 7, "boot-1", "0.1.0")).when(RUN).then(requested(), ev.LockTaken(TICKET, 1))


def test_nothing_to_do_is_not_found_while_another_release_holds_the_lock() -> None:
    given(ev.LockTaken(OTHER, 1)).when(RUN, plan(services=())).then_refused("environment_busy", Refused)
