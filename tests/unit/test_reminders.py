"""When a halted release reminds, and what a reminder leaves as it is."""

from __future__ import annotations

import datetime as dt

import pytest

from released.domain import events as ev
from released.domain.errors import IllegalEvent
from released.domain.ids import Phase
from released.domain.releases import lifecycle, reminders
from released.domain.releases.release import fold
from released.domain.releases.reminders import Standstill
from support.given_when_then import BEGIN, REQUEST, halted, prepared, recorded, requested, resumed, started, state_after

FIRST_S = 900.0
MINUTE, HOUR = dt.timedelta(minutes=1), dt.timedelta(hours=1)
HALTED: list[ev.Event] = [requested(), *prepared(), started(Phase.MIGRATE), halted(Phase.MIGRATE)]
HALTED_AT = recorded(*HALTED)[-1].at
REMINDED = ev.Reminded(1, HALTED_AT, Phase.MIGRATE, "failed", "some_failure")


def _prompt(count: int) -> list[dt.timedelta]:
    """List how long after the halt each reminder comes that is given when it is due."""
    standstill, given = Standstill(BEGIN), []
    for number in range(1, count + 1):
        at = reminders.due(standstill, FIRST_S)
        given.append(at - BEGIN)
        standstill = Standstill(BEGIN, number, at)
    return given


def test_the_time_since_the_halt_doubles_from_one_reminder_to_the_next() -> None:
    assert _prompt(7) == [15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 4 * HOUR, 8 * HOUR, 16 * HOUR]


def test_no_pause_is_longer_than_a_day() -> None:
    assert _prompt(10)[-3:] == [32 * HOUR, 56 * HOUR, 80 * HOUR]


def test_what_was_missed_is_made_up_for_by_one_reminder() -> None:
    late = Standstill(BEGIN, 1, BEGIN + 5 * HOUR)
    assert reminders.due(late, FIRST_S) == BEGIN + 10 * HOUR


@pytest.mark.parametrize("cause", ["failed", "interrupted", "cancelled", "in_doubt", "inconclusive", "held"])
def test_a_release_that_halted_for_whatever_cause_stands_still_since_then(cause: str) -> None:
    events = [*HALTED[:-1], halted(Phase.MIGRATE, cause)]
    assert state_after(*events).standstill == Standstill(HALTED_AT)


def test_a_reminder_is_counted() -> None:
    events = [*HALTED, REMINDED]
    assert state_after(*events).standstill == Standstill(HALTED_AT, 1, recorded(*events)[-1].at)


def test_a_remark_and_a_refusal_stop_no_reminder() -> None:
    events = [*HALTED, ev.Noted(REQUEST, "the vendor knows"), ev.Refused("run", REQUEST, "halted", "It is halted.")]
    assert state_after(*events).standstill == Standstill(HALTED_AT)


@pytest.mark.parametrize(
    "end", [resumed(Phase.MIGRATE), ev.Abandoned(REQUEST, "never mind")], ids=lambda event: type(event).__name__
)
def test_a_release_that_was_decided_on_stands_still_no_longer(end: ev.Event) -> None:
    assert state_after(*HALTED, REMINDED, end).standstill is None


def test_a_second_halt_is_counted_anew() -> None:
    again = state_after(*HALTED, REMINDED, resumed(Phase.MIGRATE), halted(Phase.MIGRATE)).standstill
    assert (again.reminders if again else None) == 0


def test_a_reminder_does_not_count_as_a_change_of_the_release() -> None:
    events = recorded(*HALTED, REMINDED)
    assert fold(events).changed_at == HALTED_AT


@pytest.mark.parametrize("status", sorted(set(lifecycle.STATUSES) - {lifecycle.HALTED}))
def test_only_a_halted_release_can_be_reminded_of(status: str) -> None:
    with pytest.raises(IllegalEvent):
        lifecycle.next_status("release/prod/1234", status, REMINDED)
