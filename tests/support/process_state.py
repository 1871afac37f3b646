"""What the kernel says a process is at: running, stopped, dead."""

from __future__ import annotations

import os
import time
from pathlib import Path

_LOOK_S = 0.01


def state_of(pid: int) -> str:
    """Give the letter of its state (proc(5)): ``T`` where a signal has stopped it, ``Z`` where it is dead."""
    return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[0]


def await_state(pid: int, letter: str) -> None:
    """Wait until the kernel has it so; nothing tells of that, so it is asked."""
    while state_of(pid) != letter:
        time.sleep(_LOOK_S)


def wake(pid: int, number: int) -> None:
    """Send a process a signal, and wait until it has looked at it and sleeps again."""
    before = _naps(pid)
    os.kill(pid, number)
    while _naps(pid) == before or state_of(pid) != "S":
        time.sleep(_LOOK_S)


def _naps(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8", errors="replace").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("voluntary_ctxt_switches:"))


def await_dead(pid: int) -> None:
    """Wait until nobody has this pid, or only a zombie."""
    while Path(f"/proc/{pid}").exists() and state_of(pid) != "Z":
        time.sleep(_LOOK_S)
