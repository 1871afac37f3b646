"""Times actions, and compares them pair by pair: ratios hold on a machine whose speed drifts."""

from __future__ import annotations

import statistics
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def seconds(action: Callable[[], object]) -> float:
    """Time an action, in seconds."""
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


def report(name: str, ours: list[float], other: str, theirs: list[float]) -> str:
    """Say both medians and the median of the ratios."""
    ratio = statistics.median(a / b for a, b in zip(ours, theirs, strict=True))
    return (
        f"{name}: {statistics.median(ours) * 1e3:.0f} ms; {other}: {statistics.median(theirs) * 1e3:.0f} ms; "
        f"ratio {ratio:.2f} (median of {len(ours)} pairs)\n"
    )
