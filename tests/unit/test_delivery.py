"""What becomes of a message after an attempt, and when the next attempt is made."""

from __future__ import annotations

import datetime as dt
from email.utils import format_datetime

import pytest

from released.domain.webhook.delivery import Answer, Fate, fate, pause_s

NOW = dt.datetime(2026, 5, 18, 15, 30, tzinfo=dt.UTC)
SILENCE = Answer(0, "no answer")


@pytest.mark.parametrize("code", [200, 202, 204, 299])
def test_a_code_of_success_delivers(code: int) -> None:
    assert fate(code) is Fate.DELIVERED


@pytest.mark.parametrize("code", [400, 401, 403, 404, 410, 413, 422, 451])
def test_a_code_that_would_come_again_refuses_for_good(code: int) -> None:
    assert fate(code) is Fate.REFUSED


@pytest.mark.parametrize("code", [0, 100, 301, 302, 307, 308, 408, 409, 425, 429, 500, 502, 503, 599])
def test_whatever_else_is_tried_again(code: int) -> None:
    assert fate(code) is Fate.RETRIED


def test_pauses_double_up_to_ten_minutes() -> None:
    assert [pause_s(failures, 1.0, SILENCE, NOW) for failures in (1, 2, 3, 10, 11, 1000)] == [1, 2, 4, 512, 600, 600]


@pytest.mark.parametrize("chance", [0.0, 0.5, 1.0])
def test_chance_takes_at_most_half_of_a_pause(chance: float) -> None:
    assert 2.0 <= pause_s(3, chance, SILENCE, NOW) <= 4.0


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [
        ("120", 120.0),
        ("1000000", 3600.0),
        (format_datetime(NOW + dt.timedelta(seconds=90), usegmt=True), 90.0),
        (format_datetime(NOW - dt.timedelta(days=1), usegmt=True), 1.0),
        ("soon", 1.0),
        ("-5", 1.0),
        ("Mon, 18 May 2026 15:40:00", 1.0),
        ("Mon, 18 May 99999999999999999999 15:40:00 GMT", 1.0),
        ("", 1.0),
    ],
)
def test_a_longer_pause_that_is_asked_for_is_kept_up_to_an_hour(asked: str, seconds: float) -> None:
    assert pause_s(1, 1.0, Answer(429, "HTTP 429", asked), NOW) == seconds
