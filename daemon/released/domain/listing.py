"""Long lists in messages and events: the first are named, the others counted."""

from __future__ import annotations

from collections.abc import Sequence

AT_MOST = 20


def shortened(named: Sequence[str], at_most: int = AT_MOST) -> list[str]:
    """Give all that is named, or the first of it and how many are left out."""
    left_out = len(named) - at_most
    return [*named[:at_most], f"… and {left_out} more"] if left_out > 0 else list(named)


def lines(named: Sequence[str], at_most: int = AT_MOST) -> str:
    """Put each on an indented line of its own, shortened."""
    return "\n".join(f"  {one}" for one in shortened(named, at_most))
