"""What an operator decided against the usual way is found in the record, with reason, person and time."""

from __future__ import annotations

import msgspec
import pytest

from released.domain import events as ev
from released.domain.ids import PHASES, Phase, Ticket
from released.domain.releases.overrides import Override, overrides_in
from support.given_when_then import (
    ACTOR,
    BEGIN,
    ENVIRONMENT,
    REQUEST,
    halted,
    plan,
    prepared,
    recorded,
    requested,
    resumed,
    revert_requested,
    started,
    state_after,
    whole_revert,
    whole_run,
)

WHY = "it is the fix"
COMMITS = tuple(letter * 40 for letter in "cdef")


def found(event: ev.Event, status: str = "new") -> list[tuple[str, str, str]]:
    """Give kind, detail and reason of what an event overrides."""
    return [(one.kind, one.detail, one.reason) for one in overrides_in(recorded(event)[0], status)]


def run(options: ev.RunOptions, *, branch: str = "", brought_back: tuple[str, ...] = ()) -> ev.RunRequested:
    planned = msgspec.structs.replace(plan(), branch=branch, brought_back=brought_back)
    return ev.RunRequested(1, REQUEST, ENVIRONMENT, planned, options)


def test_an_override_says_who_decided_it_when_and_why() -> None:
    event = run(ev.RunOptions(base="c" * 40, reason=WHY))
    detail = "changes are counted from cccccccccccc"
    assert overrides_in(recorded(event)[0], "new") == (Override("base", detail, WHY, ACTOR.name, BEGIN),)


@pytest.mark.parametrize("events", [whole_run(), [*whole_run(), *whole_revert()]], ids=["released", "reverted"])
def test_the_usual_way_overrides_nothing(events: list[ev.Event]) -> None:
    assert state_after(*events).overrides == ()


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (
            run(ev.RunOptions(skip=(Phase.TICKET, Phase.VERIFY), reason=WHY)),
            [("skip", "phase ticket is left out"), ("skip", "phase verify is left out")],
        ),
        (
            run(ev.RunOptions(with_tickets=(Ticket("77"), Ticket("78")), reason=WHY)),
            [("with", f"the scripts of ticket {ticket} are taken along") for ticket in ("77", "78")],
        ),
        (
            run(ev.RunOptions(include_reverted=True, reason=WHY), brought_back=COMMITS[:2]),
            [("include_reverted", "commits that were held as bad come back: cccccccccccc, dddddddddddd")],
        ),
        (
            run(ev.RunOptions(include_reverted=True, reason=WHY), brought_back=COMMITS),
            [
                (
                    "include_reverted",
                    "commits that were held as bad come back: cccccccccccc, dddddddddddd, eeeeeeeeeeee, … and 1 more",
                )
            ],
        ),
        (
            run(ev.RunOptions(allow_branch=True, reason=WHY), branch="hotfix-7"),
            [("allow_branch", "branch hotfix-7 is released")],
        ),
        (
            revert_requested(options=ev.RevertOptions(skip_git=True, reason=WHY)),
            [("skip_git", "the code is not taken back")],
        ),
        (
            revert_requested(options=ev.RevertOptions(skip_data=True, reason=WHY)),
            [("skip_data", "no data is restored")],
        ),
        (
            revert_requested(options=ev.RevertOptions(with_data=("db", "web"), reason=WHY)),
            [("with_data", f"stateful data is restored: {name}") for name in ("db", "web")],
        ),
        (ev.Adopted(1, REQUEST, plan(), WHY), [("adopted", "it was released by hand")]),
        (ev.StepResolved(REQUEST, "1234-a.sh", done=True, reason=WHY), [("resolved", "1234-a.sh counts as done")]),
        (ev.StepResolved(REQUEST, "1234-a.sh", done=False, reason=WHY), [("resolved", "1234-a.sh counts as failed")]),
        *(
            (resumed(phase, anew=True, reason=WHY), [("from", f"phase {phase} was done again")])
            for phase in (*PHASES, Phase.REVERT)
        ),
    ],
)
def test_each_decision_against_the_usual_way_is_an_override(event: ev.Event, expected: list[tuple[str, str]]) -> None:
    assert found(event) == [(kind, detail, WHY) for kind, detail in expected]


@pytest.mark.parametrize(
    "event",
    [
        run(ev.RunOptions(include_reverted=True, allow_branch=True, verify_all=True, reason=WHY)),
        revert_requested(options=ev.RevertOptions(push=True, reason=WHY)),
        resumed(Phase.MIGRATE, reason=WHY),
        ev.CancelRequested(REQUEST, WHY),
        ev.Noted(REQUEST, WHY),
    ],
    ids=["what was allowed and not needed", "push", "resume", "cancel", "note"],
)
def test_what_is_usual_is_none(event: ev.Event) -> None:
    assert found(event) == []


def test_a_phase_that_an_operator_leaves_unfinished_is_an_override() -> None:
    assert found(ev.PhaseSkipped(Phase.TICKET, WHY), "halted") == [("skip", "phase ticket was left unfinished", WHY)]


@pytest.mark.parametrize("status", ["migrate", "ticket"])
def test_a_phase_that_has_nothing_to_do_is_none(status: str) -> None:
    assert found(ev.PhaseSkipped(Phase.TICKET, "there is nothing to ticket"), status) == []


def test_a_phase_that_was_to_be_left_out_from_the_start_is_counted_once() -> None:
    options = ev.RunOptions(skip=(Phase.MIGRATE,), reason=WHY)
    state = state_after(run(options), *prepared(), ev.PhaseSkipped(Phase.MIGRATE, WHY))
    assert [one.kind for one in state.overrides] == ["skip"]


# --- over a release ----------------------------------------------------------------------------------------------

WITH_BASE = run(ev.RunOptions(base="c" * 40, reason=WHY))


def test_a_release_gathers_what_was_overridden_there_and_back() -> None:
    halted_in_migrate = [*prepared(), started(Phase.MIGRATE), halted(Phase.MIGRATE)]
    again: list[ev.Event] = [resumed(Phase.MIGRATE, anew=True, reason=WHY), halted(Phase.MIGRATE)]
    back = revert_requested(options=ev.RevertOptions(skip_data=True))
    state = state_after(WITH_BASE, *halted_in_migrate, *again, back)
    assert [one.kind for one in state.overrides] == ["base", "from", "skip_data"]


def test_a_second_run_begins_without_the_overrides_of_the_first() -> None:
    first = [WITH_BASE, *whole_run()[1:], *whole_revert()]
    assert state_after(*first, requested(run=2)).overrides == ()


def test_a_release_that_is_taken_in_begins_with_its_own() -> None:
    first = [WITH_BASE, *whole_run()[1:], *whole_revert()]
    state = state_after(*first, ev.Adopted(2, REQUEST, plan(), WHY))
    assert [one.kind for one in state.overrides] == ["adopted"]
