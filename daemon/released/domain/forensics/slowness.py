"""Which steps took longer than they use to, against what the same step took before."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

import msgspec

_ENOUGH = 5
"""With fewer earlier times nobody can say what is usual."""
_WORTH_TELLING_S = 1.0


class SlowStep(msgspec.Struct, frozen=True):
    """A step that took longer than nineteen of twenty earlier ones."""

    step: str
    seconds: float
    median_s: float
    p95_s: float
    compared: int
    """With how many earlier times."""


def slow(step: str, seconds: float, earlier: Sequence[float]) -> SlowStep | None:
    """Tell whether a step was slow; ``None`` where it was not, or where too little is known.

    Args:
        step: its name, which carries its service.
        seconds: what it took.
        earlier: what it took before, in any order.
    """
    if len(earlier) < _ENOUGH:
        return None
    p95_s = statistics.quantiles(earlier, n=20, method="inclusive")[-1]
    if seconds <= max(p95_s, _WORTH_TELLING_S):
        return None
    return SlowStep(step, seconds, statistics.median(earlier), p95_s, len(earlier))
