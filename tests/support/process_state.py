"""What the kernel says a process is at: stopped, at rest, dead."""

from __future__ import annotations

import os
import select
import signal
import time
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

_PATIENCE_S = 30.0
_LOOK_S = 0.002


@contextmanager
def held(pid: int) -> Iterator[int]:
    """Hand out a descriptor that means whoever has this pid now, and nobody who has it later.

    Raises:
        ProcessLookupError: nobody has it.
    """
    descriptor = os.pidfd_open(pid)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def await_dead(pid: int) -> None:
    """Wait until whoever has this pid now is dead; a zombie is."""
    with suppress(ProcessLookupError), held(pid) as descriptor:
        select.select([descriptor], [], [])


def await_stopped(child: int) -> None:
    """Wait until a signal has stopped a child of this process, which is not waited for by that."""
    told = os.waitid(os.P_PID, child, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
    assert told is not None
    assert told.si_code == os.CLD_STOPPED, f"the process {child} ended"


def freeze(members: Callable[[], Collection[int]]) -> list[int]:
    """Stop everybody who is named, and whom they start meanwhile, until none of them runs; give their pids."""
    frozen: list[int] = []
    while fresh := [pid for pid in members() if pid not in frozen]:
        for pid in fresh:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGSTOP)
        for pid in fresh:
            eventually(partial(_rests, pid), f"the process {pid} does not stop")
        frozen += fresh
    return frozen


def wake(pid: int, number: int) -> None:
    """Send a process a signal, and wait until it has looked at it and sleeps again."""
    before = _naps(pid)
    os.kill(pid, number)
    eventually(lambda: _naps(pid) != before and _states(pid) == ["S"], f"the process {pid} does not sleep again")


def eventually(is_so: Callable[[], bool], otherwise: str) -> None:
    """Wait for what the kernel does in a moment and tells nobody about.

    Raises:
        AssertionError: ``otherwise``, as it did not.
    """
    deadline = time.monotonic() + _PATIENCE_S
    while not is_so():
        assert time.monotonic() < deadline, otherwise
        time.sleep(_LOOK_S)


def _naps(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8", errors="replace").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("voluntary_ctxt_switches:"))


def _rests(pid: int) -> bool:
    """Tell whether no thread of a process runs code of its own: it is stopped, or will be when the kernel is done."""
    try:
        return all(state in "TtDZX" for state in _states(pid))
    except (FileNotFoundError, ProcessLookupError):
        return not Path(f"/proc/{pid}").exists()


def _states(pid: int) -> list[str]:
    """Give the letter of the state of each thread (proc(5))."""
    threads = Path(f"/proc/{pid}/task").iterdir()
    told = ((one / "stat").read_text(encoding="utf-8", errors="replace") for one in threads)
    return [one.rpartition(")")[2].split()[0] for one in told]
