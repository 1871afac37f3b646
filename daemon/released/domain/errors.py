"""Errors of the domain: few classes, each named by the fact and carrying a stable code."""

from __future__ import annotations

from released.domain.failure import Failure, NextCommand


class ReleasedError(Exception):
    """Base of every error that an operator may see: a sentence with a stable code."""

    def __init__(self, code: str, message: str, next_commands: tuple[NextCommand, ...] = ()) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.next_commands = next_commands

    def as_failure(self) -> Failure:
        """Make a fact of it, to be recorded."""
        return Failure(self.code, self.message, next=self.next_commands)


class InvalidInput(ReleasedError):
    """What was typed cannot be right; nothing was looked at (exit code 2)."""


class NotFound(ReleasedError):
    """The thing that was named does not exist (exit code 4)."""


class Refused(ReleasedError):
    """A precondition does not hold; nothing was changed (exit code 3)."""


class InUse(Refused):
    """Another daemon has what no two may have; it is named."""


class IllegalEvent(ReleasedError):
    """An event that the life cycle does not allow in the present state was about to be appended."""


class StepFailed(ReleasedError):
    """A step's effect did not succeed; the release halts with this failure."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.code, failure.message, failure.next)
        self.failure = failure

    def as_failure(self) -> Failure:
        """Give the failure as the step told it."""
        return self.failure


class StepInDoubt(ReleasedError):
    """Nobody can know from here whether a step's effect took place; a person decides."""
