"""A world of effects that outlives a simulated daemon: what was done, what a power cut would take back, what runs.

``done`` is the witness: every effect that ever took place, in order. ``traces`` is what can still be seen of them: the
death of the host takes away those that were not made durable, and every process with them.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from released.adapters.commands import process
from released.adapters.commands.scripts import Command, Exit, Exited, Fate, Lost, NotStarted, Running, Scripts
from released.domain.errors import StepFailed
from released.domain.failure import killed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_ENDED = dt.datetime(2026, 5, 18, tzinfo=dt.UTC)


class Death(StrEnum):
    """Who dies in a crash, and what a process under a shim does until the next daemon looks."""

    DAEMON = "daemon"
    """The daemon alone; the process still runs when it is looked at again."""
    MEANWHILE = "meanwhile"
    """The daemon alone; the process ends before it is looked at again."""
    HOST = "host"
    """Everything: processes are lost, and so is what was not made durable."""


@dataclass(frozen=True)
class SimulatedProcess:
    """A command under a shim, or what is left of it at a moment."""

    name: str
    keeps: bool = False
    """Whether it makes durable by itself what it does."""
    has_worked: bool = False
    has_ended: bool = False
    is_lost: bool = False
    is_stopped: bool = False
    """Whether it was told to end, before it began or while it ran."""

    @property
    def is_over(self) -> bool:
        """Whether nothing of it runs any more."""
        return self.has_ended or self.is_lost

    @property
    def exit(self) -> Exit:
        """How it ended."""
        return _STOPPED if self.is_stopped else _EXIT


@dataclass
class SimulatedWorld:
    """Everything outside the store."""

    done: list[str] = field(default_factory=list)
    traces: list[str] = field(default_factory=list)
    processes: dict[str, SimulatedProcess] = field(default_factory=dict)
    """The process of each step and attempt."""
    lost: set[str] = field(default_factory=set)
    """Commands whose process was lost while it ran."""
    _volatile: list[str] = field(default_factory=list)

    def copy(self) -> SimulatedWorld:
        """Give a world that goes its own way from here."""
        return SimulatedWorld([*self.done], [*self.traces], {**self.processes}, {*self.lost}, [*self._volatile])

    @property
    def held(self) -> tuple[object, ...]:
        """Everything in it, to be compared."""
        return self.done, self.traces, self.processes, sorted(self.lost), self._volatile

    def do(self, effect: str) -> None:
        """Let an effect take place; a power cut would take it back."""
        self.done.append(effect)
        self.traces.append(effect)
        self._volatile.append(effect)

    def make_durable(self, effect: str) -> None:
        """From here on no power cut takes it back."""
        self._volatile = [one for one in self._volatile if one != effect]

    def work(self, slot: str) -> None:
        """Let a process do what it is there for."""
        running = self.processes[slot]
        if not (running.has_worked or running.is_stopped):
            self.processes[slot] = replace(running, has_worked=True)
            self.do(running.name)
            if running.keeps:
                self.make_durable(running.name)

    def end(self, slot: str) -> Exit:
        """Let a process end; its shim leaves a durable result of something durable."""
        self.work(slot)
        self.make_durable(self.processes[slot].name)
        self.processes[slot] = replace(self.processes[slot], has_ended=True)
        return self.processes[slot].exit

    def die(self, death: Death) -> None:
        """Take away what a crash takes away."""
        unfinished = {slot: one for slot, one in self.processes.items() if not one.is_over}
        if death is Death.MEANWHILE:
            for slot in unfinished:
                self.end(slot)
        if death is Death.HOST:
            self.processes |= {slot: replace(one, is_lost=True) for slot, one in unfinished.items()}
            self.lost |= {one.name for one in unfinished.values()}
            self.traces = [one for one in self.traces if one not in self._volatile]
            self._volatile = []


class SimulatedShims(Scripts):
    """Commands of a simulated world.

    Args:
        world: in which they run.
        reach: called where the daemon could die.
        keeps: whether the commands make durable by themselves what they do, as a script does in a database.
    """

    def __init__(self, world: SimulatedWorld, reach: Callable[[str, str], None], *, keeps: bool = False) -> None:
        super().__init__()
        self._world = world
        self._reach = reach
        self._keeps = keeps

    def run(self, slot: Path, command: Command) -> Exit:
        """Start a command and wait for its end."""
        name = command.argv[0]
        slot.mkdir(parents=True, exist_ok=True)
        self._reach("shim-spawned", name)
        started = SimulatedProcess(name, self._keeps)
        if self._world.processes.setdefault(_key(slot), started).is_stopped:
            raise StepFailed(killed())
        self._reach("before-work", name)
        self._world.work(_key(slot))
        self._reach("after-work", name)
        return self._world.end(_key(slot))

    def fate(self, slot: Path) -> Fate:
        """Find out what became of a command; one that has not started by now never will."""
        match self._world.processes.get(_key(slot)):
            case None:
                return NotStarted()
            case SimulatedProcess(has_ended=True) as ended:
                return Exited(ended.exit)
            case SimulatedProcess(is_lost=True):
                return Lost()
            case _:
                return Running(process.Identity(1, 1, "boot"))

    def wait(self, slot: Path) -> Exit:
        """Wait for a command that an earlier daemon started."""
        self._reach("adopting", self._world.processes[_key(slot)].name)
        return self._world.end(_key(slot))

    def stop(self, slot: Path) -> None:
        """Have a command end; one that has not started never will."""
        never = SimulatedProcess("nothing", has_ended=True, is_stopped=True)
        found = self._world.processes.setdefault(_key(slot), never)
        if not found.is_over:
            self._world.processes[_key(slot)] = replace(found, is_stopped=True)


def _key(slot: Path) -> str:
    return "/".join(slot.parts[-2:])


_EXIT = Exit(0, _ENDED, "", 0, "")
_STOPPED = Exit(143, _ENDED, "kill", 0, "")
