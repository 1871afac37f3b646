"""What ends a command early: an exit code, a stable reason, a sentence, and what may be typed next."""

from __future__ import annotations

from dataclasses import dataclass, field

from releasectl.exit_codes import ExitCode


@dataclass(frozen=True)
class Next:
    """A command that may be typed next; ``danger`` is ``none``, ``changes`` or ``data-loss``.

    Where it has a condition, it is only for those for whom that holds; ``human``: no program decides on it.
    """

    argv: tuple[str, ...]
    effect: str
    danger: str = "none"
    condition: str = ""
    human: bool = False


@dataclass
class ClientError(Exception):
    """A command ended without what was asked for; shown as one ``[ERROR]`` line or one JSON object.

    Attributes:
        code: the exit code.
        reason: stable, snake_case.
        message: a sentence; may have several lines.
        next: what may be typed now.
        untrusted_evidence: what tools, scripts or containers printed.
        advice: what is said beside the evidence, for instance how to go back.
        diagnosis: the short form of what is the matter, where the daemon told it; said last.
    """

    code: ExitCode | int
    reason: str
    message: str
    next: tuple[Next, ...] = field(default=())
    untrusted_evidence: str = ""
    advice: str = ""
    diagnosis: str = ""

    def __str__(self) -> str:
        return self.whole_message

    @property
    def whole_message(self) -> str:
        """Everything that is said, in one text."""
        return f"{self.message}\n{self.advice}".rstrip()


def usage(message: str) -> ClientError:
    """Say that what was typed cannot be right."""
    return ClientError(ExitCode.USAGE, "usage", message)
