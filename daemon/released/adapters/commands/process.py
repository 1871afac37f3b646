"""Who a process is: a pid alone is used again, after a reboot or sooner."""

from __future__ import annotations

import datetime as dt
import os
import select
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_STATE, _START_TIME = 0, 19
"""Places in ``/proc/<pid>/stat`` after the name in parentheses: fields 3 and 22 of proc(5)."""


@dataclass(frozen=True)
class Identity:
    """A process that can't be taken for another one."""

    pid: int
    start_time: int
    """Clock ticks between the boot and its start."""
    boot_id: str


def boot_id() -> str:
    """Name this boot of the machine."""
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()


def identify(pid: int) -> Identity | None:
    """Tell who has this pid now; ``None`` when nobody lives there (a zombie is dead)."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    fields = stat.rpartition(")")[2].split()
    return None if fields[_STATE] in "ZX" else Identity(pid, int(fields[_START_TIME]), boot_id())


def is_alive(identity: Identity) -> bool:
    """Tell whether this very process lives."""
    return identify(identity.pid) == identity


def describe(pid: int) -> str:
    """Name a process for people: its pid, its command line, and since when it runs, as far as we may know that."""
    identity = identify(pid)
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().decode("utf-8", "replace").split("\0")
    except (FileNotFoundError, ProcessLookupError):
        words = []
    if identity is None or not any(words):
        return f"pid {pid}"
    line = "".join(one if one.isprintable() else "?" for one in " ".join(words).strip())
    return f"pid {pid} ({line}) since {_moment(identity):%Y-%m-%dT%H:%M:%SZ}"


def _moment(identity: Identity) -> dt.datetime:
    """Turn the ticks since the boot into a time."""
    lines = Path("/proc/stat").read_text(encoding="ascii").splitlines()
    boot = next(int(line.split()[1]) for line in lines if line.startswith("btime "))
    return dt.datetime.fromtimestamp(boot + identity.start_time / os.sysconf("SC_CLK_TCK"), dt.UTC)


def await_end(identity: Identity) -> None:
    """Wait until this very process is dead, whoever its parent is."""
    with _held(identity) as descriptor:
        if descriptor is not None:
            _await_readable(descriptor)


def send(identity: Identity, number: signal.Signals) -> None:
    """Send this very process a signal; nobody gets it where it is dead."""
    with _held(identity) as descriptor:
        if descriptor is not None:
            signal.pidfd_send_signal(descriptor, number)


@contextmanager
def _held(identity: Identity) -> Iterator[int | None]:
    """Hand out a descriptor that means this very process, or ``None`` where it is dead."""
    try:
        descriptor = os.pidfd_open(identity.pid)
    except ProcessLookupError:
        yield None
        return
    try:
        # Asked after the descriptor was opened, so that it can't be a successor's.
        yield descriptor if is_alive(identity) else None
    finally:
        os.close(descriptor)


def _await_readable(descriptor: int) -> None:
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    poll.poll()
