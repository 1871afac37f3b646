"""Silence of a release that is under way, on a real store and with a clock that the test turns."""

from __future__ import annotations

import datetime as dt
import logging
from typing import TYPE_CHECKING

import msgspec
import pytest

from released.domain import events as ev
from released.domain.failure import Failure
from released.domain.ids import Phase, Ticket
from released.domain.releases import release
from released.engine.instruments import Instruments
from released.engine.watchdog import Watchdog
from released.store.event_store import NewEvent, StreamWrite
from support.clock import Clock
from support.store import ACTOR, AT, ENVIRONMENT, REQUESTED, STREAM, sqlite_store, write

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from released.store.event_store import EventStore

AFTER_S, OWN_S = 5.0, 60.0
STEP = "1234-users.sh"
UNDER_WAY = (
    REQUESTED,
    ev.PhaseStarted(Phase.PREPARE, (ev.PlannedStep(STEP, "ask"),)),
    ev.StepStarted(STEP, 1, "boot", OWN_S),
)
HALTED = ev.Halted(Phase.PREPARE, "failed", STEP, Failure("script_failed", "It failed."))


class Monotonic:
    """A clock that only the test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(name="store")
def _store(tmp_path: Path) -> Iterator[EventStore]:
    """Hold an environment whose release is in a step that may take a minute."""
    with sqlite_store(tmp_path / "released.db") as store:
        store.append([write(STREAM, 0, *UNDER_WAY), write(ENVIRONMENT, 0, ev.LockTaken(Ticket("1234"), 1))])
        yield store


@pytest.fixture(name="monotonic")
def _monotonic() -> Monotonic:
    return Monotonic()


@pytest.fixture(name="wall")
def _wall() -> Clock:
    return Clock()


@pytest.fixture(name="watchdog")
def _watchdog(store: EventStore, monotonic: Monotonic, wall: Clock, tmp_path: Path) -> Watchdog:
    """Begin as a new daemon does, and see what there is."""
    lease = store.take_lease("prod", "host", 1, "boot", "0", AT, ACTOR)
    watchdog = Watchdog(store, lease, Instruments(now=wall), AFTER_S, tmp_path, _fail, monotonic)
    watchdog.look()
    return watchdog


def _fail(error: BaseException) -> None:
    raise error


def silences(store: EventStore) -> list[ev.FellSilent]:
    return [one.event for one in store.read(STREAM) if isinstance(one.event, ev.FellSilent)]


def test_a_step_within_its_own_limit_is_not_silent(store: EventStore, monotonic: Monotonic, watchdog: Watchdog) -> None:
    monotonic.now += OWN_S + AFTER_S - 1

    assert (watchdog.look(), silences(store)) == (1.0, [])


def test_a_step_that_outlasts_its_limit_is_silent_on_record(
    store: EventStore, monotonic: Monotonic, watchdog: Watchdog
) -> None:
    monotonic.now += OWN_S + AFTER_S

    watchdog.look()

    assert silences(store) == [ev.FellSilent(AT, OWN_S + AFTER_S, STEP)]


def test_a_step_that_prints_is_not_silent_however_long_it_takes(
    store: EventStore, monotonic: Monotonic, watchdog: Watchdog, tmp_path: Path
) -> None:
    output = tmp_path / "steps/prod/1234/1" / STEP / "1/output"
    output.parent.mkdir(parents=True)
    for _ in range(3):
        monotonic.now += OWN_S + AFTER_S - 1
        with output.open("a", encoding="ascii") as file:
            file.write("layer by layer\n")
        watchdog.look()

    assert silences(store) == []


def test_a_step_that_has_stopped_to_print_is_silent(
    store: EventStore, monotonic: Monotonic, watchdog: Watchdog, tmp_path: Path
) -> None:
    output = tmp_path / "steps/prod/1234/1" / STEP / "1/output"
    output.parent.mkdir(parents=True)
    output.write_text("layer by layer\n", encoding="ascii")
    watchdog.look()
    monotonic.now += OWN_S + AFTER_S

    watchdog.look()

    assert len(silences(store)) == 1


def test_the_log_says_which_release_is_silent(
    monotonic: Monotonic, watchdog: Watchdog, caplog: pytest.LogCaptureFixture
) -> None:
    monotonic.now += OWN_S + AFTER_S
    with caplog.at_level(logging.WARNING):
        watchdog.look()

    assert caplog.messages == ["ticket 1234 is under way and records nothing: releasectl diagnose 1234"]


def test_a_silence_is_said_once(store: EventStore, monotonic: Monotonic, watchdog: Watchdog) -> None:
    for _ in range(3):
        monotonic.now += OWN_S + AFTER_S
        watchdog.look()

    assert len(silences(store)) == 1


def test_a_wall_clock_that_is_set_makes_no_release_silent(store: EventStore, wall: Clock, watchdog: Watchdog) -> None:
    wall.turn(3600)

    watchdog.look()

    assert silences(store) == []


@pytest.mark.parametrize("event", [ev.Noted("request-8", "hm"), ev.CancelRequested("request-9", "wrong night")])
def test_what_a_person_records_does_not_break_the_silence(
    store: EventStore, monotonic: Monotonic, watchdog: Watchdog, event: ev.Event
) -> None:
    monotonic.now += OWN_S + AFTER_S
    watchdog.look()
    store.append([write(STREAM, 4, event)])

    assert release.fold(store.read(STREAM)).silence is not None


def test_a_step_that_ends_after_all_breaks_it(store: EventStore, monotonic: Monotonic, watchdog: Watchdog) -> None:
    monotonic.now += OWN_S + AFTER_S
    watchdog.look()
    store.append([write(STREAM, 4, ev.StepSucceeded(STEP, 1))])

    assert release.fold(store.read(STREAM)).silence is None


def test_after_an_event_the_time_counts_anew(store: EventStore, monotonic: Monotonic, watchdog: Watchdog) -> None:
    monotonic.now += OWN_S
    ended = NewEvent("ended", AT + dt.timedelta(minutes=1), ACTOR, ev.StepSucceeded(STEP, 1))
    store.append([StreamWrite(STREAM, 3, (ended,))])
    watchdog.look()
    monotonic.now += AFTER_S - 1

    watchdog.look()

    assert silences(store) == []


def test_a_release_of_another_ticket_is_watched_next(
    store: EventStore, monotonic: Monotonic, watchdog: Watchdog
) -> None:
    plan = msgspec.structs.replace(REQUESTED.plan, ticket=Ticket("1235"))
    following = (msgspec.structs.replace(REQUESTED, plan=plan), *UNDER_WAY[1:])
    freed, taken = ev.LockFreed(Ticket("1234"), 1), ev.LockTaken(Ticket("1235"), 1)
    store.append([write(ENVIRONMENT, 2, freed, taken), write("release/prod/1235", 0, *following)])
    watchdog.look()
    monotonic.now += OWN_S + AFTER_S

    watchdog.look()

    told = [one.event.step for one in store.read("release/prod/1235") if isinstance(one.event, ev.FellSilent)]
    assert (told, silences(store)) == ([STEP], [])


def test_a_halted_release_is_not_silent(store: EventStore, monotonic: Monotonic, watchdog: Watchdog) -> None:
    store.append([write(STREAM, 3, HALTED)])
    monotonic.now += OWN_S + AFTER_S

    watchdog.look()

    assert silences(store) == []
