"""Durations as operators write and read them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from released.domain.durations import format_duration, parse_duration_s


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("30s", 30.0), ("5m", 300.0), ("2h", 7200.0), ("250ms", 0.25), ("1.5h", 5400.0), ("0s", 0.0), ("007s", 7.0)],
)
def test_a_number_with_a_unit_is_a_duration(text: str, seconds: float) -> None:
    assert parse_duration_s(text) == seconds


@pytest.mark.parametrize(
    "text",
    [
        "",
        "5",
        "s",
        "5M",
        "5 m",
        "-1s",
        "+1s",
        ".5s",
        "1.s",
        "1d",
        "5m30s",
        "1e3s",
        "٣s",
        "0x1s",
        "infs",
        "1_0s",
        "9" * 400 + "s",
    ],
)
def test_anything_else_is_refused_with_examples(text: str) -> None:
    with pytest.raises(ValueError, match="expected a duration such as 30s, 5m or 2h, got"):
        parse_duration_s(text)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "0.0s"),
        (0.04, "0.0s"),
        (59.94, "59.9s"),
        (59.96, "1m00s"),
        (60.0, "1m00s"),
        (300.0, "5m00s"),
        (3599.4, "59m59s"),
        (3599.6, "1h00m"),
        (90061.0, "25h01m"),
    ],
)
def test_a_duration_is_shown_as_people_say_it(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text


@given(st.integers(0, 999_999), st.sampled_from(["s", "m", "h"]))
def test_every_whole_duration_is_a_finite_number_of_its_unit(count: int, unit: str) -> None:
    assert parse_duration_s(f"{count}{unit}") == count * {"s": 1, "m": 60, "h": 3600}[unit]
