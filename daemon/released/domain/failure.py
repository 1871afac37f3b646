"""What went wrong, as a fact that can be recorded, shown and matched."""

from __future__ import annotations

import msgspec


class NextCommand(msgspec.Struct, frozen=True):
    """A command that the operator may type next."""

    argv: tuple[str, ...]
    effect: str
    danger: str = "none"  # none | changes | data-loss


class Failure(msgspec.Struct, frozen=True):
    """One failure with its stable code; ``evidence`` is text from outside and not to be trusted."""

    code: str
    message: str
    rc: int = 1
    """The failing tool's own exit status."""
    evidence: str = ""
    """What the tool printed last, at most 8 KiB, secrets masked."""
    next: tuple[NextCommand, ...] = ()
