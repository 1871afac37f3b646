"""The processes below the shim, however they try to get away: it is the parent of every orphan among them."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal

from released.adapters.commands.shim.records import text

TYPE_CHECKING = False  # the real one costs the import of typing
if TYPE_CHECKING:
    from collections.abc import Iterator

    Process = tuple[int, str]  # pid and start time: together they mean one process only

_PR_SET_CHILD_SUBREAPER = 36


def adopt_orphans() -> None:
    """Become the parent of every process below whose own one dies."""
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def living() -> Iterator[Process]:
    """Find who descends from us, whatever its session and group; one that is born meanwhile may be missed.

    Some come twice: our own children come first, since one that forks and ends at once lives only for a moment.
    """
    yield from _own_children()
    children: dict[int, list[tuple[str, Process]]] = {}
    for pid in map(int, filter(str.isdigit, os.listdir("/proc"))):  # noqa: PTH208 (pathlib costs the start its import)
        with contextlib.suppress(OSError):  # it is over
            state, parent, start_time = _stat(pid)
            children.setdefault(parent, []).append((state, (pid, start_time)))
    family = [os.getpid()]
    for member in family:
        for state, process in children.get(member, ()):
            family.append(process[0])
            if state not in "ZX":
                yield process


def _own_children() -> Iterator[Process]:
    """Ask the kernel for our children; one that keeps no such list leaves them to the search through all processes."""
    with contextlib.suppress(OSError):
        for pid in map(int, text("/proc/thread-self/children").split()):
            with contextlib.suppress(OSError):
                yield pid, _stat(pid)[2]


def _stat(pid: int) -> tuple[str, int, str]:
    """Read a process's state, parent and start time."""
    fields = text(f"/proc/{pid}/stat").rpartition(")")[2].split()
    return fields[0], int(fields[1]), fields[19]


def send(process: Process, number: int) -> None:
    """Signal this very process: its pid may be another one's by now, but what the descriptor means stays."""
    pid, start_time = process
    with contextlib.suppress(OSError):  # it is over, or another user's; who is left at the end is told then
        descriptor = os.pidfd_open(pid)
        try:
            if _stat(pid)[2] == start_time:
                signal.pidfd_send_signal(descriptor, number)
        finally:
            os.close(descriptor)


def name_of(pid: int) -> str:
    """Name the program that has this pid now."""
    with contextlib.suppress(OSError):
        return text(f"/proc/{pid}/comm").strip()
    return "ended"
