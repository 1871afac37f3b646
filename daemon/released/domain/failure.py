"""What went wrong, as a fact that can be recorded, shown and matched."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

EVIDENCE_BYTES = 8192
"""How much is kept of what a tool printed."""


class NextCommand(msgspec.Struct, frozen=True):
    """A command that the operator may type next."""

    argv: tuple[str, ...]
    effect: str
    danger: str = "none"  # none | changes | data-loss
    condition: str = ""
    """Where it is not for everybody: what must be so, in words that follow "if"."""

    def provided(self, condition: str) -> NextCommand:
        """Give it for those alone for whom the condition holds."""
        return msgspec.structs.replace(self, condition=condition)


class Failure(msgspec.Struct, frozen=True):
    """One failure with its stable code; ``evidence`` is text from outside and not to be trusted."""

    code: str
    message: str
    rc: int = 1
    """The failing tool's own exit status."""
    evidence: str = ""
    """What the tool printed last, at most 8 KiB, secrets masked."""
    next: tuple[NextCommand, ...] = ()

    def masked(self, mask: Callable[[str], str]) -> Failure:
        """Hide every secret, before anything is recorded."""
        evidence = mask(self.evidence)[-EVIDENCE_BYTES:]
        return msgspec.structs.replace(self, message=mask(self.message), evidence=evidence)


KILLED = "killed"
"""The code of a step that was stopped because an operator asked for it."""
PLANNED_OTHERWISE = "planned_otherwise"
"""The code of a phase that another version of the daemon began, and that this one cannot go on with."""


def killed(rc: int = 1, evidence: str = "") -> Failure:
    """Describe a step that was stopped: its tool's exit status where one ran, and what it printed last."""
    return Failure(KILLED, "It was stopped before its end, as an operator asked.", rc, evidence)
