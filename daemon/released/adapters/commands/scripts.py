"""Commands that outlive the daemon: each runs under a shim in a slot of its own, and is adopted after a restart."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeVar

import msgspec

from released.adapters.commands import process, shim
from released.adapters.commands.shim import bell, cgroup, records
from released.adapters.durability import make_folder
from released.domain.errors import StepFailed, StepInDoubt
from released.domain.failure import Failure, killed

RecordT = TypeVar("RecordT")

SHIM = (sys.executable, "-I", "-S", "-X", "utf8", str(Path(shim.__file__).with_name("program.py")))
"""How a shim is started; the folder of its slot follows."""


@dataclass(frozen=True)
class Command:
    """What to run: an argument list and the complete environment, never a shell string."""

    argv: tuple[str, ...]
    cwd: Path
    env: Mapping[str, str]
    timeout_s: float | None = None
    """Longest run, in seconds."""
    idle_s: float | None = None
    """Longest silence, in seconds."""
    secrets: tuple[str, ...] = ()
    """Values that are masked in the output before a disk sees them."""
    output_cap_bytes: int = 16 * 2**20
    durable_in: tuple[Path, ...] | None = None
    """Folders on whose file systems what it did is on the disk before its end is on record; ``None`` for every file
    system, because nobody knows where a script writes."""


@dataclass(frozen=True)
class Exit:
    """How a command ended."""

    rc: int
    """Its exit status as a shell shows it: 128 + signal, 127 not found, 126 not executable."""
    ended: dt.datetime
    stopped_by: str
    """``timeout`` or ``idle`` where that limit stopped it, ``kill`` where ``stop`` did, else empty."""
    output_bytes: int
    output_sha256: str


@dataclass(frozen=True)
class NotStarted:
    """The command did not start, and never will in this slot."""


@dataclass(frozen=True)
class Running:
    """The command runs under this shim."""

    shim: process.Identity


@dataclass(frozen=True)
class Orphaned:
    """The shim was killed and what it ran lives on, in this control group; how it ends, nobody will know."""

    group: str


@dataclass(frozen=True)
class Exited:
    """The command is over; what it did is on the disk, whatever became of the host since."""

    exit: Exit


@dataclass(frozen=True)
class Lost:
    """The command was started, and nobody is left who knows how it ended."""


Fate = NotStarted | Running | Orphaned | Exited | Lost


class _Started(msgspec.Struct):
    """The content of ``started.json``: a shim's identity, or a tombstone."""

    void: bool = False
    pid: int = 0
    start_time: int = 0
    boot_id: str = ""
    cgroup: str = ""


class Scripts:
    """Runs commands in slots: folders that the caller names anew for each attempt.

    Args:
        on_fault: called at the points where a crash is tested: ``shim-spawned`` and ``shim-instructed``.
        kill_grace_s: seconds between TERM and KILL when a command is stopped.
    """

    def __init__(self, on_fault: Callable[[str], None] = lambda _: None, kill_grace_s: float = 5.0) -> None:
        self._on_fault = on_fault
        self._kill_grace_s = kill_grace_s

    def run(self, slot: Path, command: Command) -> Exit:
        """Start the command in a fresh slot and wait for its end.

        Raises:
            StepFailed: nothing was run, and nothing will be: ``script_not_started``; ``killed``, because ``stop`` came
                first; ``slot_taken``, because the slot holds the records of another command.
            StepInDoubt: ``script_lost``; shim and result are gone.
        """
        make_folder(slot)
        if (slot / "started.json").exists():
            raise _refusal(slot)
        with self._spawn(slot) as spawned:
            self._on_fault("shim-spawned")
            self._instruct(spawned, command)
            self._on_fault("shim-instructed")
            if spawned.wait() == records.SLOT_TAKEN:
                raise _refusal(slot)
        return self.wait(slot)

    def fate(self, slot: Path) -> Fate:
        """Find out what became of the command in this slot; one that has not started by now never will."""
        make_folder(slot)
        record = slot / "started.json"
        if not record.exists() and _claim_void(slot):  # looked at first: a full disk must not hide what is known
            return NotStarted()
        started = _read(record, _Started)
        if started is None:
            return Lost()
        return NotStarted() if started.void else _fate_of_started(slot, started)

    def wait(self, slot: Path) -> Exit:
        """Wait for the end of the command in this slot, whichever daemon started it.

        Raises:
            StepFailed: ``script_not_started``.
            StepInDoubt: ``script_lost``.
        """
        while True:
            match self.fate(slot):
                case Running(identity):
                    process.await_end(identity)
                case Orphaned(group):
                    cgroup.await_empty(group)
                case Exited(exit=ended):
                    return ended
                case NotStarted():
                    raise _not_started(slot)
                case Lost():
                    raise _lost(slot)

    def stop(self, slot: Path) -> None:
        """Have the command in this slot end with everything below it: TERM, and KILL after the grace.

        It returns at once, and ``wait`` tells the end. A command that has not started by now never will, one that is
        over stays as it ended, and called again it changes nothing. What a command had others do for it, such as the
        Docker engine, is not stopped.
        """
        match self.fate(slot):
            case Running(identity):
                process.send(identity, bell.STOP)
            case Orphaned(group):
                cgroup.kill(group)
            case _:
                pass

    def _spawn(self, slot: Path) -> subprocess.Popen[bytes]:
        """Start a shim that knows nothing yet: no secret is in its arguments or its environment."""
        complaints = os.open(slot / "shim.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(complaints, "ab"):
            return subprocess.Popen(
                [*SHIM, str(slot.resolve())],
                cwd="/",
                env={},
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=complaints,
                start_new_session=True,
            )

    def _instruct(self, spawned: subprocess.Popen[bytes], command: Command) -> None:
        assert spawned.stdin is not None  # noqa: S101 (for the type checker: it was opened as a pipe)
        specification = {**asdict(command), "cwd": str(command.cwd), "env": dict(command.env)}
        if command.durable_in is not None:
            specification["durable_in"] = [str(folder) for folder in command.durable_in]
        specification["kill_grace_s"] = self._kill_grace_s
        with contextlib.suppress(BrokenPipeError), spawned.stdin as stdin:
            stdin.write(json.dumps(specification).encode())


def _claim_void(slot: Path) -> bool:
    """Put up a tombstone, so that a shim that comes late runs nothing; false when one was there before."""
    with _opened(slot) as descriptor:
        return records.claim(descriptor, {"void": True})


@contextlib.contextmanager
def _opened(folder: Path) -> Iterator[int]:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _fate_of_started(slot: Path, started: _Started) -> Fate:
    identity = process.Identity(started.pid, started.start_time, started.boot_id)
    alive = process.is_alive(identity)  # asked before the result is read: one that ends in between has left it
    ended = _read(slot / "result.json", Exit)
    if ended is not None:
        return Exited(ended)
    if alive:
        return Running(identity)
    if started.boot_id == process.boot_id() and cgroup.is_populated(started.cgroup):
        return Orphaned(started.cgroup)
    cgroup.remove(started.cgroup)
    return Lost()


def _read(path: Path, kind: type[RecordT]) -> RecordT | None:
    """Read a record; ``None`` when it is missing or damaged: both leave us without knowledge."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except (FileNotFoundError, msgspec.DecodeError):
        return None


def _not_started(slot: Path) -> StepFailed:
    complaints = slot / "shim.log"
    evidence = complaints.read_text(encoding="utf-8", errors="replace")[-8192:] if complaints.exists() else ""
    message = f"The command was not started, and nothing was run (slot {slot}); resume to try it again."
    return StepFailed(Failure("script_not_started", message, evidence=evidence))


def _refusal(slot: Path) -> StepFailed:
    """Say why nothing may be run in a slot that somebody had first: ``stop`` put up its tombstone, or a command ran."""
    started = _read(slot / "started.json", _Started)
    if started is not None and started.void:
        return StepFailed(killed())
    message = f"The command was not started: {slot} holds the records of another one; resume to try it in a fresh slot."
    return StepFailed(Failure("slot_taken", message))


def _lost(slot: Path) -> StepInDoubt:
    return StepInDoubt(
        "script_lost",
        f"The command was started, but it and its shim are gone and left no result (slot {slot}). "
        f"Read what it printed in {slot / 'output'}, look at what it was to change, then settle the step.",
    )
