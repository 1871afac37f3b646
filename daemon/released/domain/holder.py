"""Who holds what no two daemons may have, told to whoever comes second."""

from __future__ import annotations

import datetime as dt

import msgspec


class Holder(msgspec.Struct, frozen=True):
    """A daemon that holds something until its death."""

    pid: int
    host: str
    since: dt.datetime
    """When it began to hold it."""
    state: str
    """Its state folder."""
    environment: str = ""
    """Which of its environments, where it is not the whole daemon."""

    def __str__(self) -> str:
        """Name it, for the end of a sentence."""
        which = f"environment {self.environment}, " if self.environment else ""
        since = f"{self.since:%Y-%m-%dT%H:%M:%SZ}"
        return f"pid {self.pid} on {self.host} since {since} ({which}state folder {self.state})"
