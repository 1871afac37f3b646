"""The life cycle's table: compiled and machine are one, nothing else is legal, and no state is a trap."""

from __future__ import annotations

import itertools
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from transitions import MachineError

from released.domain import events as ev
from released.domain.errors import IllegalEvent
from released.domain.ids import PHASES, Phase, ServiceName, Ticket
from released.domain.releases import lifecycle
from released.domain.releases.plan import Executable
from support.given_when_then import (
    REQUEST,
    halted,
    plan,
    refused,
    requested,
    resumed,
    revert_requested,
    started,
    step_begun,
    whole_revert,
    whole_run,
    whole_undoing,
)

if TYPE_CHECKING:
    from transitions import Machine

RELEASE = "release/prod/1234"
PLACE = "environment/prod"
ADOPTED = ev.Adopted(1, REQUEST, plan(), "released by hand")
MACHINES = {"release": lifecycle.release_machine, "environment": lifecycle.environment_machine}


def _pull(machine: Machine, status: str, trigger: str) -> str | None:
    """Pull a trigger on a model of the real machine; ``None`` where the machine refuses."""
    model = SimpleNamespace()
    machine.add_model(model, initial=status)
    try:
        getattr(model, trigger)()
    except MachineError:
        return None
    finally:
        machine.remove_model(model)
    return str(model.state)


@pytest.mark.parametrize("kind", MACHINES)
def test_the_compiled_table_and_the_machine_agree_on_every_status_and_trigger(kind: str) -> None:
    machine, table = MACHINES[kind](), lifecycle.compiled(kind)
    pairs = list(itertools.product(machine.states, machine.events))
    assert {pair: _pull(machine, *pair) for pair in pairs} == {pair: table.get(pair) for pair in pairs}


@pytest.mark.parametrize("table", [lifecycle.RELEASE_TABLE, lifecycle.ENVIRONMENT_TABLE], ids=["release", "place"])
def test_no_row_stands_in_the_table_twice(table: list[lifecycle.Row]) -> None:
    keys = [(row["source"], row["trigger"]) for row in table]
    assert len(set(keys)) == len(keys)


def _reachable(start: str) -> set[str]:
    found, table = {start}, lifecycle.compiled("release")
    while more := {dest for (source, _), dest in table.items() if source in found} - found:
        found |= more
    return found


def test_every_status_can_be_reached() -> None:
    assert _reachable(lifecycle.NEW) == set(map(str, lifecycle.STATUSES))


@pytest.mark.parametrize("status", [*lifecycle.RUNNING, lifecycle.HALTED])
def test_every_release_that_is_not_over_can_still_become_released(status: str) -> None:
    assert lifecycle.RELEASED in _reachable(status)


@pytest.mark.parametrize("status", lifecycle.RUNNING)
def test_every_running_status_can_halt(status: str) -> None:
    assert lifecycle.HALTED in {dest for (source, _), dest in lifecycle.compiled("release").items() if source == status}


def _triggers(status: str) -> set[str]:
    return {trigger for source, trigger in lifecycle.compiled("release") if source == status}


BESIDE = {"refused", "noted", "detection_ran", "playbook_applied", "redacted", "legal_hold_placed", "legal_hold_lifted"}
"""What any ticket takes: refusals, notes, and what playbooks did."""


def test_a_released_ticket_takes_only_a_revert_and_what_any_ticket_takes() -> None:
    assert _triggers(lifecycle.RELEASED) == {*BESIDE, "revert_requested"}


@pytest.mark.parametrize("status", [lifecycle.NEW, lifecycle.NOTHING_TO_DO])
def test_a_ticket_that_left_nothing_behind_takes_only_a_run_and_what_any_ticket_takes(status: str) -> None:
    assert _triggers(status) == {*BESIDE, "run_requested", "adopted"}


@pytest.mark.parametrize("status", [lifecycle.ABANDONED, lifecycle.REVERTED])
def test_a_ticket_that_may_start_again_may_also_be_taken_back(status: str) -> None:
    assert _triggers(status) == {*BESIDE, "run_requested", "adopted", "revert_requested"}


def test_a_halted_release_takes_only_decisions_reminders_comparisons_and_what_any_ticket_takes() -> None:
    expected = {f"{phase}_{what}" for phase in PHASES for what in ("resumed", "skipped")}
    expected |= {
        "revert_requested",
        "revert_resumed",
        "step_resolved",
        "abandoned",
        "reminded",
        "reconciled",
        "record_accepted",
    }
    expected |= set(BESIDE)
    assert _triggers(lifecycle.HALTED) == expected


@pytest.mark.parametrize("status", lifecycle.STATUSES)
def test_a_refusal_changes_no_status(status: str) -> None:
    assert lifecycle.next_status(RELEASE, status, refused()) == status


def _walk(*events: ev.Event) -> list[str]:
    status, seen = lifecycle.NEW, []
    for event in events:
        status = lifecycle.next_status(RELEASE, status, event)
        seen.append(status)
    return seen


def test_a_good_release_passes_the_phases_in_order() -> None:
    passed = [status for status, _ in itertools.groupby(_walk(*whole_run()))]
    assert passed == ["requested", "prepare", "migrate", "ticket", "verify", "released"]


def test_a_release_that_is_taken_back_passes_revert_and_is_run_anew() -> None:
    passed = [status for status, _ in itertools.groupby(_walk(*whole_run(), *whole_revert(), requested(run=2)))]
    assert passed[-4:] == ["released", "reverting", "reverted", "requested"]


def test_a_revert_that_is_taken_back_ends_as_released() -> None:
    passed = [status for status, _ in itertools.groupby(_walk(*whole_run(), *whole_revert(), *whole_undoing()))]
    assert passed[-4:] == ["reverting", "reverted", "reverting", "released"]


ILLEGAL: dict[str, tuple[str, ev.Event]] = {
    "a phase before the run": ("new", started(Phase.PREPARE)),
    "a second run while one moves": ("prepare", requested()),
    "a run of what is halted": ("halted", requested()),
    "a run of what is released": ("released", requested()),
    "a phase that leaves one out": ("prepare", started(Phase.TICKET)),
    "a phase that goes back": ("verify", started(Phase.MIGRATE)),
    "the end of another phase": ("migrate", ev.PhaseCompleted(Phase.VERIFY)),
    "released before verify": ("ticket", ev.Released(1)),
    "nothing to do behind prepare": ("migrate", ev.NothingToDo(1)),
    "a step of a halted release": ("halted", step_begun("web.recreate")),
    "a phase of a halted release": ("halted", started(Phase.MIGRATE)),
    "recovery of a halted release": ("halted", ev.Recovered(Phase.MIGRATE, None, "boot")),
    "a second halt": ("halted", halted(Phase.MIGRATE)),
    "a halt in another phase": ("migrate", halted(Phase.VERIFY)),
    "a halt of what is over": ("released", halted(Phase.VERIFY)),
    "a resume of what moves": ("migrate", resumed(Phase.MIGRATE)),
    "a revert of what moves": ("migrate", revert_requested()),
    "a revert of what was never run": ("new", revert_requested()),
    "a revert of what changed nothing": ("nothing_to_do", revert_requested()),
    "a run of what is taken back": ("reverting", requested()),
    "a phase of the way there on the way back": ("reverting", started(Phase.VERIFY)),
    "the way back without a request": ("released", started(Phase.REVERT)),
    "released in the end of a revert": ("reverting", ev.Released(1)),
    "reverted without a revert": ("released", ev.Reverted(1)),
    "an adoption of what is released": ("released", ADOPTED),
    "an adoption of what is halted": ("halted", ADOPTED),
    "a lock among releases": ("requested", ev.LockTaken(Ticket("1234"), 1)),
}


@pytest.mark.parametrize("what", ILLEGAL)
def test_an_event_without_a_row_is_illegal(what: str) -> None:
    status, event = ILLEGAL[what]
    with pytest.raises(IllegalEvent, match=f"release/prod/1234 is {status} and cannot take the event") as caught:
        lifecycle.next_status(RELEASE, status, event)
    assert caught.value.code == "illegal_event"


def test_an_occupied_environment_takes_no_second_lock() -> None:
    with pytest.raises(IllegalEvent):
        lifecycle.next_status(PLACE, lifecycle.OCCUPIED, ev.LockTaken(Ticket("77"), 1))


def test_a_free_environment_has_no_lock_to_free() -> None:
    with pytest.raises(IllegalEvent):
        lifecycle.next_status(PLACE, lifecycle.FREE, ev.LockFreed(Ticket("77"), 1))


RETURN_STARTED = ev.ReturnStarted(REQUEST, "hotfix-7", "a" * 40, "b" * 40, "a" * 40)


HOOK_STARTED = ev.HookStarted(
    REQUEST, ServiceName("web"), Executable("packages/web/scripts/ensure-config.sh", "c" * 40), "stale key", "boot"
)


@pytest.mark.parametrize(
    "event", [ev.LockTaken(Ticket("77"), 1), RETURN_STARTED, HOOK_STARTED], ids=["lock", "return", "hook"]
)
def test_while_the_checkout_goes_back_to_main_nothing_else_begins(event: ev.Event) -> None:
    with pytest.raises(IllegalEvent):
        lifecycle.next_status(PLACE, lifecycle.RETURNING, event)


def test_an_occupied_environment_does_not_go_back_to_main() -> None:
    with pytest.raises(IllegalEvent):
        lifecycle.next_status(PLACE, lifecycle.OCCUPIED, RETURN_STARTED)


@pytest.mark.parametrize("status", [lifecycle.FREE_WITH_HOOK, lifecycle.OCCUPIED_WITH_HOOK])
def test_the_checkout_does_not_go_back_to_main_while_a_hook_runs_by_hand(status: str) -> None:
    with pytest.raises(IllegalEvent):
        lifecycle.next_status(PLACE, status, RETURN_STARTED)


def test_after_the_return_the_environment_is_free() -> None:
    assert lifecycle.next_status(PLACE, lifecycle.RETURNING, ev.ReturnEnded(REQUEST)) == lifecycle.FREE


@pytest.mark.parametrize("status", lifecycle.PLACE_STATUSES)
def test_a_lease_may_change_hands_at_any_time(status: str) -> None:
    assert lifecycle.next_status(PLACE, status, ev.LeaseTaken(2, "host", 1, "boot", "0.1.0")) == status


@pytest.mark.parametrize(("stream", "status"), [(RELEASE, lifecycle.NEW), (PLACE, lifecycle.FREE)])
def test_a_stream_without_events_is_in_its_machines_first_state(stream: str, status: str) -> None:
    assert lifecycle.initial_status(stream) == status == MACHINES[stream.partition("/")[0]]().initial


def test_each_trigger_of_the_tables_is_pulled_by_some_event() -> None:
    plain = [cls.__name__ for cls in ev.Event.__args__]
    per_phase = {"PhaseStarted", "PhaseCompleted", "PhaseSkipped", "Halted", "Resumed"}
    names = {lifecycle._snake(name) for name in plain if name not in per_phase}
    names |= {f"{phase}_{lifecycle._snake(name.removeprefix('Phase'))}" for phase in Phase for name in per_phase}
    tables = [*lifecycle.RELEASE_TABLE, *lifecycle.ENVIRONMENT_TABLE]
    assert {row["trigger"] for row in tables} == names


@pytest.mark.parametrize(
    ("status", "words"), [("ticket", "in phase ticket"), ("nothing_to_do", "nothing to do"), ("halted", "halted")]
)
def test_a_status_is_told_in_words(status: str, words: str) -> None:
    assert lifecycle.in_words(status) == words
