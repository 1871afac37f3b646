"""How long to wait between attempts to reach a daemon that went away."""

from __future__ import annotations

from collections.abc import Iterator

_FIRST_S = 0.1
_LONGEST_S = 1.0


def pauses_s() -> Iterator[float]:
    """Give pauses in seconds, growing from 0.1 to 1, without end."""
    pause_s = _FIRST_S
    while True:
        yield pause_s
        pause_s = min(pause_s * 1.6, _LONGEST_S)
