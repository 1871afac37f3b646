"""The effects of steps: each can be performed, made durable, and recovered after a crash, by one mechanism.

A crash leaves a step's intent on record without an outcome. ``recover`` then says what became of it: ``Done`` with its
result, ``NotDone`` (it is safe to perform it), or ``InDoubt`` (only a person can know).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from released.adapters.commands.scripts import Command, Exit, Exited, Lost, NotStarted, Orphaned, Running, Scripts
from released.domain.errors import StepFailed, StepInDoubt
from released.domain.events import CommandExited, Result
from released.domain.failure import Failure, killed
from released.domain.releases.steps import Recovery
from released.store.outputs import tail


@dataclass(frozen=True)
class Done:
    """The effect took place."""

    result: Result | None


@dataclass(frozen=True)
class NotDone:
    """The effect did not take place, or is harmless to repeat."""


@dataclass(frozen=True)
class InDoubt:
    """Whether the effect took place cannot be known; ``look_at`` says what a person should look at."""

    look_at: str


Fate = Done | NotDone | InDoubt


class Slot(Protocol):
    """The place of one attempt of a step: a folder of its own for output and records."""

    @property
    def path(self) -> Path:
        """The folder; whoever writes there first makes it."""
        ...

    def say(self, text: str) -> None:
        """Add a line to the step's output while it is performed; commands write theirs themselves."""
        ...


class Effect(Protocol):
    """One side effect."""

    @property
    def recovery(self) -> Recovery:
        """How it recovers, for the record."""
        ...

    def perform(self, slot: Slot) -> Result | None:
        """Do it and say what was found out.

        Raises:
            ReleasedError: it did not succeed.
        """
        ...

    def make_durable(self) -> None:
        """Return when no power cut takes the effect back."""
        ...

    def recover(self, slot: Slot) -> Fate:
        """Say what became of an effect whose outcome is not on record.

        Raises:
            ReleasedError: it took place and did not succeed.
        """
        ...

    def stop(self, slot: Slot) -> None:
        """Have what runs of it outside the daemon end; whoever performs it or recovers it waits for the end.

        What runs inside the daemon looks at the world's interruption by itself.
        """
        ...


def _nothing() -> None:
    """Serve effects that are durable by themselves, or that leave nothing behind."""


@dataclass(frozen=True)
class Harmless:
    """May be repeated freely: a check, a probe, a tag."""

    act: Callable[[Slot], Result | None]
    durable: Callable[[], None] = _nothing
    recovery: Recovery = Recovery.REPEAT

    def perform(self, slot: Slot) -> Result | None:
        """Act."""
        return self.act(slot)

    def make_durable(self) -> None:
        """Make it durable."""
        self.durable()

    def recover(self, slot: Slot) -> Fate:  # noqa: ARG002 (there is nothing to look at)
        """Say that it may be done again."""
        return NotDone()

    def stop(self, slot: Slot) -> None:
        """Leave it to the act: nothing runs outside the daemon."""


@dataclass(frozen=True)
class Observed:
    """Leaves traces that tell afterwards whether it took place."""

    act: Callable[[Slot], Result | None]
    observe: Callable[[Slot], Fate]
    durable: Callable[[], None] = _nothing
    recovery: Recovery = Recovery.OBSERVE

    def perform(self, slot: Slot) -> Result | None:
        """Act."""
        return self.act(slot)

    def make_durable(self) -> None:
        """Make it durable."""
        self.durable()

    def recover(self, slot: Slot) -> Fate:
        """Look at reality."""
        return self.observe(slot)

    def stop(self, slot: Slot) -> None:
        """Leave it to the act: nothing runs outside the daemon."""


@dataclass(frozen=True)
class Process:
    """A command under the shim: it outlives the daemon, and its end is read from its slot.

    Only when shim and command are lost (the host died) the question is open, and ``recovery`` answers it.
    """

    scripts: Scripts
    command: Callable[[], Command]
    failed: Callable[[Exit, str], Failure]
    """Turns an exit other than 0, and the last output, into the failure."""
    conclude: Callable[[], Result | None] = lambda: CommandExited(0)
    """What was found out, looked up after an exit of 0."""
    recovery: Recovery = Recovery.ASK
    observe: Callable[[], Fate] | None = None
    """For ``observe``: looks at reality where the process was lost."""

    def perform(self, slot: Slot) -> Result | None:
        """Run the command to its end."""
        return self._finish(slot, self.scripts.run(slot.path, self.command()))

    def make_durable(self) -> None:
        """Leave it to the shim, which does it before the command's end is in its slot."""

    def recover(self, slot: Slot) -> Fate:
        """Take the exit of a command that ended meanwhile, or adopt one that still runs."""
        match self.scripts.fate(slot.path):
            case NotStarted():
                return NotDone()
            case Running() | Orphaned():
                return self._adopt(slot)
            case Exited(exit=ended):
                return Done(self._finish(slot, ended))
            case Lost():
                return self._lost(slot)

    def stop(self, slot: Slot) -> None:
        """Have the command end with everything below it; one that has not started never will."""
        self.scripts.stop(slot.path)

    def _adopt(self, slot: Slot) -> Fate:
        try:
            ended = self.scripts.wait(slot.path)
        except StepInDoubt:
            return self._lost(slot)
        return Done(self._finish(slot, ended))

    def _lost(self, slot: Slot) -> Fate:
        if self.recovery is Recovery.REPEAT:
            return NotDone()
        if self.observe is not None:
            return self.observe()
        return InDoubt(f"its output in {slot.path / 'output'}, and what it was meant to change")

    def _finish(self, slot: Slot, ended: Exit) -> Result | None:
        if ended.stopped_by == "kill":
            raise StepFailed(killed(ended.rc, tail(slot.path / "output")))
        if ended.rc != 0 or ended.stopped_by:
            raise StepFailed(self.failed(ended, tail(slot.path / "output")))
        return self.conclude()


@dataclass(frozen=True)
class Step:
    """The smallest recorded unit of work: one name, one effect, and how long that may take."""

    name: str
    effect: Effect
    timeout_s: float | None = None
    """In seconds; kept by the effect itself, and recorded with its intent."""
    idle_s: float | None = None
    """How long a command may print nothing, likewise."""
