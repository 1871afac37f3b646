"""Where a fact came from: who caused it, and what was printed meanwhile."""

from __future__ import annotations

import msgspec


class Actor(msgspec.Struct, frozen=True):
    """Who caused an event; ids come from the kernel, never from the caller."""

    uid: int
    name: str
    login_uid: int | None = None
    """The user who logged in, which ``sudo`` does not change."""


class OutputRef(msgspec.Struct, frozen=True):
    """Where the output of a step lies, and what it must hash to."""

    path: str
    """Relative to the state directory."""
    bytes: int
    sha256: str
