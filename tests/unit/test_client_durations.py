"""Durations as operators write and read them."""

from __future__ import annotations

import pytest

from releasectl.text.durations import format_duration, parse_duration_s


@pytest.mark.parametrize(("text", "seconds"), [("30s", 30), ("5m", 300), ("2h", 7200), ("1.5m", 90), ("250ms", 0.25)])
def test_a_duration_is_read_in_seconds(text: str, seconds: float) -> None:
    assert parse_duration_s(text) == seconds


@pytest.mark.parametrize("text", ["", "5", "m", "5 m", "-5m", "0s", "1h30m", "\u0665s"])
def test_anything_else_is_refused_with_examples(text: str) -> None:
    with pytest.raises(ValueError, match="expected for instance 30s, 5m or 2h"):
        parse_duration_s(text)


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0.0s"), (9.94, "9.9s"), (9.96, "10s"), (59.6, "1m00s"), (134, "2m14s"), (7500, "2h05m")]
)
def test_a_duration_is_shown_as_short_as_it_can_be_read(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text
