"""Durations as operators write them: ``30s``, ``5m``, ``2h``."""

from __future__ import annotations

import re

_DURATION = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)(ms|s|m|h)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


def parse_duration_s(text: str) -> float:
    """Turn ``5m`` into 300.0 seconds.

    Raises:
        ValueError: the text is not a number followed by ms, s, m or h.
    """
    match = _DURATION.fullmatch(text.strip())
    if not match:
        raise ValueError(f"expected a duration such as 30s, 5m or 2h, got {text!r}")
    return float(match[1]) * _SECONDS[match[2]]


def format_duration(seconds: float) -> str:
    """Turn 300.0 into ``5m00s`` for people."""
    if round(seconds, 1) < 60:  # noqa: PLR2004 (sixty seconds are a minute)
        return f"{seconds:.1f}s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h{minutes:02}m" if hours else f"{minutes}m{rest:02}s"
