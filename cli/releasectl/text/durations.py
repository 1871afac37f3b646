"""Durations as operators write them (``30s``, ``5m``, ``2h``) and read them."""

from __future__ import annotations

import re

_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_MINUTE_S = 60
_HOUR_S = 3600


def parse_duration_s(text: str) -> float:
    """Turn ``5m`` into 300.0 seconds.

    Raises:
        ValueError: the text is not a number followed by ms, s, m or h, or it is zero.
    """
    match = _DURATION.fullmatch(text.strip())
    seconds = float(match[1]) * _SECONDS[match[2]] if match else 0.0
    if not seconds:
        raise ValueError(f"{text!r} is not a duration: expected for instance 30s, 5m or 2h.")
    return seconds


def format_duration(seconds: float) -> str:
    """Turn 134.2 into ``2m14s``; below ten seconds with one decimal."""
    if seconds < 9.95:  # noqa: PLR2004 (what would be rounded to ten has no decimal)
        return f"{max(seconds, 0):.1f}s"
    whole = round(seconds)
    if whole < _MINUTE_S:
        return f"{whole}s"
    if whole < _HOUR_S:
        return f"{whole // _MINUTE_S}m{whole % _MINUTE_S:02}s"
    return f"{whole // _HOUR_S}h{whole % _HOUR_S // _MINUTE_S:02}m"
