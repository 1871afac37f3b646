"""Reminders of a halted release, on a real store and with a clock that the test turns."""

from __future__ import annotations

import logging
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest

from released.domain import events as ev
from released.domain.failure import Failure
from released.domain.ids import Phase, RequestId, Ticket
from released.domain.releases import release
from released.engine.answers import Answers, Asked, Decided
from released.engine.instruments import Instruments
from released.engine.reminder import Reminder
from released.engine.selftest.unchallenged import Unchallenged
from released.store.errors import StaleEpoch
from support.clock import Clock
from support.store import ACTOR, AT, ENVIRONMENT, REQUESTED, STREAM, new, sqlite_store, write

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from released.domain.releases.reminders import Standstill
    from released.phases.world import World
    from released.store.event_store import EventStore, Fence, StreamWrite

FIRST_S = 900.0
HALTED = ev.Halted(Phase.PREPARE, "in_doubt", None, Failure("step_in_doubt", "Look at it."))
NOTED = ev.Noted("request-note", "the vendor knows")


@pytest.fixture(name="store")
def _store(tmp_path: Path) -> Iterator[EventStore]:
    """Hold an environment that a release occupies which halted."""
    with sqlite_store(tmp_path / "released.db") as store:
        store.append([write(STREAM, 0, REQUESTED, HALTED), write(ENVIRONMENT, 0, ev.LockTaken(Ticket("1234"), 1))])
        yield store


@pytest.fixture(name="clock")
def _clock() -> Clock:
    return Clock()


def lease(store: EventStore) -> Fence:
    return store.take_lease("prod", "host", 1, "boot", "0", AT, ACTOR)


def reminder(store: EventStore, clock: Clock) -> Reminder:
    """Begin as a new daemon does."""
    return Reminder(store, lease(store), Instruments(now=clock), FIRST_S)


def standstill(store: EventStore) -> Standstill | None:
    return release.fold(store.read(STREAM)).standstill


def reminders(store: EventStore) -> list[ev.Reminded]:
    return [one.event for one in store.read(STREAM) if isinstance(one.event, ev.Reminded)]


def test_before_it_is_due_nothing_is_said(store: EventStore, clock: Clock) -> None:
    clock.turn(FIRST_S - 1)

    assert (reminder(store, clock).look(), reminders(store)) == (1.0, [])


def test_once_it_is_due_the_reminder_is_on_record(store: EventStore, clock: Clock) -> None:
    clock.turn(FIRST_S)

    reminder(store, clock).look()

    assert reminders(store) == [ev.Reminded(1, AT, Phase.PREPARE, "in_doubt", "step_in_doubt")]


def test_the_log_says_which_release_waits_and_why(
    store: EventStore, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    clock.turn(FIRST_S)

    with caplog.at_level(logging.WARNING):
        reminder(store, clock).look()

    (line,) = caplog.records
    told = ("environment", "ticket", "run", "number", "phase", "cause", "code")
    assert "releasectl status 1234" in line.getMessage()
    assert [line.__dict__[name] for name in told] == ["prod", "1234", 1, 1, "prepare", "in_doubt", "step_in_doubt"]


def test_one_reminder_is_given_once(store: EventStore, clock: Clock) -> None:
    clock.turn(FIRST_S)
    once = reminder(store, clock)

    once.look()
    once.look()

    assert len(reminders(store)) == 1


def test_a_new_daemon_neither_repeats_a_reminder_nor_delays_the_next(store: EventStore, clock: Clock) -> None:
    clock.turn(FIRST_S)
    reminder(store, clock).look()

    clock.turn(FIRST_S - 1)
    reminder(store, clock).look()
    clock.turn(1)
    reminder(store, clock).look()

    assert [one.number for one in reminders(store)] == [1, 2]


def test_after_days_without_a_daemon_there_is_one_reminder(store: EventStore, clock: Clock) -> None:
    clock.turn(5 * 86400)

    reminder(store, clock).look()

    assert len(reminders(store)) == 1


@pytest.mark.parametrize("turned_s", [86400.0, -86400.0])
def test_however_far_away_the_next_one_is_the_clock_is_looked_at_within_a_minute(
    store: EventStore, clock: Clock, turned_s: float
) -> None:
    clock.turn(turned_s)

    assert reminder(store, clock).look() == 60.0


def test_a_release_that_goes_on_is_not_reminded_of(store: EventStore, clock: Clock) -> None:
    store.append([write(STREAM, 2, ev.Resumed("request-2", Phase.PREPARE, anew=False, reason=""))])
    clock.turn(FIRST_S)

    assert (reminder(store, clock).look(), reminders(store)) == (None, [])


def test_what_is_recorded_at_the_same_moment_is_taken_in_first(store: EventStore, clock: Clock) -> None:
    append = store.append
    raced: list[object] = []

    def append_late(writes: Sequence[StreamWrite], fence: Fence | None = None) -> tuple[ev.Recorded, ...]:
        if not raced:
            raced.append(append([write(STREAM, 2, NOTED)]))
        return append(writes, fence)

    late = reminder(store, clock)
    clock.turn(FIRST_S)
    store.append = append_late  # type: ignore[method-assign]

    late.look()

    assert [type(one.event) for one in store.read(STREAM, 2)] == [ev.Noted, ev.Reminded]


def test_a_reminder_that_comes_while_a_command_is_decided_lets_it_act_all_the_same(
    store: EventStore, clock: Clock
) -> None:
    fence = lease(store)
    once = Reminder(store, fence, Instruments(now=clock), FIRST_S)
    site = cast("World", SimpleNamespace(name="prod", mask=str))  # all that answers ask of it
    answers = Answers(store, fence, Unchallenged(), site, Instruments(now=clock))
    clock.turn(FIRST_S)

    def decided() -> Decided:
        state = answers.release("1234")
        once.look()
        return Decided(state, [NOTED])

    answers.answer(Asked("note", Ticket("1234"), RequestId(NOTED.request_id), ACTOR), decided, lambda: None)

    assert [type(one.event) for one in store.read(STREAM, 2)] == [ev.Reminded, ev.Noted]


def test_a_daemon_that_lost_the_environment_reminds_no_longer(store: EventStore, clock: Clock) -> None:
    older = reminder(store, clock)
    lease(store)
    clock.turn(FIRST_S)

    with pytest.raises(StaleEpoch):
        older.look()

    assert reminders(store) == []


def test_the_list_of_releases_is_ordered_as_before(store: EventStore, clock: Clock) -> None:
    clock.turn(FIRST_S)

    reminder(store, clock).look()

    assert release.fold(store.read(STREAM)).changed_at == new(NOTED).at
    found = standstill(store)
    assert found is not None
    assert found.reminded_at == clock.now
