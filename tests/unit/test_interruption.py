"""Whoever waits for something inside the daemon is told that the present step is to end."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from released.adapters.interruption import Interruption
from released.domain.errors import StepFailed

LONG_S = 600.0


@pytest.fixture(name="interruption")
def _interruption() -> Interruption:
    return Interruption()


@pytest.fixture(name="told")
def _told() -> list[str]:
    return []


def test_a_step_that_nobody_stops_goes_on(interruption: Interruption) -> None:
    interruption.check()


def test_a_step_that_is_to_end_fails_as_killed(interruption: Interruption) -> None:
    interruption.ask()
    with pytest.raises(StepFailed) as caught:
        interruption.check()
    assert caught.value.failure.code == "killed"


def test_the_next_step_goes_on(interruption: Interruption) -> None:
    interruption.ask()
    interruption.reset()
    interruption.check()


def test_a_pause_ends_at_once(interruption: Interruption) -> None:
    with ThreadPoolExecutor() as pool:
        pausing = pool.submit(interruption.pause, LONG_S)
        interruption.ask()
        assert isinstance(pausing.exception(LONG_S / 10), StepFailed)


def test_a_pause_that_nobody_ends_is_over_in_time(interruption: Interruption) -> None:
    interruption.pause(0.01)


def test_something_long_ends_between_two_parts(interruption: Interruption) -> None:
    parts = interruption.heeded(("first", "second"))
    assert next(parts) == "first"
    interruption.ask()
    with pytest.raises(StepFailed):
        next(parts)


def test_who_waits_is_told(interruption: Interruption, told: list[str]) -> None:
    with interruption.ending(lambda: told.append("end")):
        interruption.ask()
    assert told == ["end"]


def test_who_begins_to_wait_afterwards_is_told_at_once(interruption: Interruption, told: list[str]) -> None:
    interruption.ask()
    with interruption.ending(lambda: told.append("end")):
        assert told == ["end"]


def test_who_waits_is_told_once(interruption: Interruption, told: list[str]) -> None:
    with interruption.ending(lambda: told.append("end")):
        interruption.ask()
        interruption.ask()
    assert told == ["end"]


def test_who_waits_no_more_is_not_told(interruption: Interruption, told: list[str]) -> None:
    with interruption.ending(lambda: told.append("end")):
        pass
    interruption.ask()
    assert told == []


def test_one_who_cannot_be_told_keeps_nobody_else_from_it(interruption: Interruption, told: list[str]) -> None:
    with interruption.ending(lambda: 1 / 0), interruption.ending(lambda: told.append("end")):
        interruption.ask()
    assert told == ["end"]
