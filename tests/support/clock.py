"""A clock that a test turns."""

from __future__ import annotations

import datetime as dt

from support.store import AT


class Clock:
    """Stands still unless it is turned."""

    def __init__(self) -> None:
        self.now = AT

    def __call__(self) -> dt.datetime:
        return self.now

    def turn(self, seconds: float) -> None:
        """Let time pass."""
        self.now += dt.timedelta(seconds=seconds)
