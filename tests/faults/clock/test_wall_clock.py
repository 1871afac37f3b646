"""A wall clock that is set, however far and where to, changes no order, no time limit and no outcome."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pytest

from support.bare_stack import bare_stack, begun
from support.blocking_script import TICKET
from support.daemon_process import Daemon
from support.invariants import Remains, broken
from support.moved_clock import MovedClock
from support.stories import events, of_type

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.evidence import Evidence
    from support.stack import Stack
    from support.stack_images import FirstImages

pytestmark = pytest.mark.tier1

HOUR_S = 3600
LIMITED = "# released: timeout=10m idle=10m"
BERLIN = "Europe/Berlin"
SUMMER_ENDS = dt.datetime(2026, 10, 25, 1, tzinfo=dt.UTC)
"""When clocks in Berlin go back from three to two."""


def until(moment: dt.datetime) -> float:
    return (moment - dt.datetime.now(dt.UTC)).total_seconds()


@pytest.fixture(name="stack")
def _stack(tmp_path: Path, first_images: FirstImages) -> Iterator[Stack]:
    with bare_stack(tmp_path, first_images) as stack:
        yield stack


@pytest.fixture(name="clock")
def _clock(stack: Stack) -> MovedClock:
    return MovedClock.built_in(stack.home)


@pytest.fixture(name="daemon")
def _daemon(stack: Stack, clock: MovedClock) -> Iterator[Daemon]:
    """Give a daemon that goes by the clock of the test, in Berlin."""
    environment = stack._environment() | clock.environment() | {"TZ": BERLIN}
    daemon = Daemon(stack.config, stack.logs / "daemon.log", stack.runtime, environment)
    yield daemon
    daemon.end()


def times(stack: Stack) -> list[dt.datetime]:
    """List when each event happened, in their order."""
    return [dt.datetime.fromisoformat(event["at"]) for event in events(stack, TICKET)]


@pytest.mark.parametrize(
    "offset_s",
    [HOUR_S, -HOUR_S, -20 * 365 * 24 * HOUR_S, until(dt.datetime(2039, 1, 1, tzinfo=dt.UTC))],
    ids=["an hour ahead", "an hour back", "before the first event", "behind 2038"],
)
def test_a_clock_that_is_set_in_the_middle_of_a_step_changes_no_limit_and_no_order(
    stack: Stack, clock: MovedClock, daemon: Daemon, evidence: Evidence, offset_s: float
) -> None:
    """Row 43: the wall clock is set while a script with limits runs."""
    daemon.start()
    script = begun(stack, header=LIMITED)

    clock.set_wall(offset_s)
    script.let_end()
    ended = stack.client("watch", TICKET).returncode

    at = times(stack)
    moved_s = (at[-1] - at[0]).total_seconds()
    evidence.fired(int(abs(moved_s - offset_s) < HOUR_S / 2))
    assert (ended, script.runs(), broken(Remains.of_stack(stack))) == (0, ["began", "ended"], [])
    assert of_type(events(stack, TICKET), "fell_silent") == []


def test_a_daemon_that_comes_back_with_its_clock_an_hour_back_goes_on(
    stack: Stack, clock: MovedClock, daemon: Daemon, evidence: Evidence
) -> None:
    """Row 43: the daemon is started anew at a time before the last event."""
    daemon.start()
    script = begun(stack)
    daemon.kill()

    clock.set_wall(-HOUR_S)
    daemon.start()
    script.let_end()

    assert stack.client("watch", TICKET).returncode == 0
    evidence.fired(int(times(stack)[-1] < times(stack)[0]))
    assert (script.runs(), broken(Remains.of_stack(stack))) == (["began", "ended"], [])


def test_a_daemon_that_comes_back_with_its_clock_hours_ahead_asks_a_person_to_go_on(
    stack: Stack, clock: MovedClock, daemon: Daemon, evidence: Evidence
) -> None:
    """Row 43: the daemon is started anew at what seems hours later: nobody may expect the release any more."""
    daemon.start()
    script = begun(stack)
    daemon.kill()

    clock.set_wall(3 * HOUR_S)
    daemon.start()
    halted = stack.client("watch", TICKET).returncode
    script.let_end()
    resumed = stack.client("resume", TICKET).returncode

    told = of_type(events(stack, TICKET), "halted")
    evidence.fired(int([halt["failure"]["code"] for halt in told] == ["recovery_too_late"]))
    assert (halted, resumed, script.runs()) == (1, 0, ["began", "ended"])
    assert broken(Remains.of_stack(stack)) == []


def test_the_end_of_summer_time_makes_no_hour_twice(
    stack: Stack, clock: MovedClock, daemon: Daemon, evidence: Evidence
) -> None:
    """Row 43: clocks on the wall go back in the middle of a step."""
    try:
        berlin = ZoneInfo(BERLIN)
    except ZoneInfoNotFoundError:
        pytest.skip("this machine knows no time zones (tzdata)")
    clock.set_wall(until(SUMMER_ENDS - dt.timedelta(minutes=10)))
    daemon.start()
    script = begun(stack)

    clock.set_wall(until(SUMMER_ENDS + dt.timedelta(seconds=10)))
    script.let_end()
    ended = stack.client("watch", TICKET).returncode

    at = times(stack)
    on_the_wall = [one.astimezone(berlin).replace(tzinfo=None) for one in at]
    evidence.fired(int(on_the_wall != sorted(on_the_wall)))
    assert (ended, at == sorted(at), broken(Remains.of_stack(stack))) == (0, True, [])
