"""A control group for a command: who is born in it stays in it, whatever its session, its parent, or the shim's fate.

It is there where the kernel has version 2 of them and a group may be made below our own, as under systemd with
``Delegate=yes``. Elsewhere there is none, and an empty name stands for that.
"""

from __future__ import annotations

import contextlib
import os
import select

from released.adapters.commands.shim.records import text

_PREFIX = "released-"
_LOOK_AGAIN_MS = 1000


def make(pid: int, start_time: int) -> str:
    """Make a group below our own for the shim that is named, and give its folder; empty where that cannot be."""
    with contextlib.suppress(OSError, StopIteration):
        parent = f"{_mounted_at()}{_own().rstrip('/')}"
        _tidy(parent)
        group = f"{parent}/{_PREFIX}{pid}-{start_time}"
        os.mkdir(group, 0o755)  # noqa: PTH102 (pathlib costs the start its import)
        return group
    return ""


def enter(group: str) -> None:
    """Move the calling process into the group; whatever it starts from now on is born there."""
    with contextlib.suppress(OSError):  # then the command is only found as what descends from the shim
        _write(f"{group}/cgroup.procs", "0")


def kill(group: str) -> None:
    """End everybody in the group at once, however fast they fork."""
    with contextlib.suppress(OSError):
        _write(f"{group}/cgroup.kill", "1")


def is_populated(group: str) -> bool:
    """Tell whether anybody lives in the group."""
    try:
        return bool(group) and "populated 1" in text(f"{group}/cgroup.events")
    except OSError:
        return False


def await_empty(group: str) -> None:
    """Wait until nobody lives in the group."""
    with contextlib.suppress(OSError):
        descriptor = os.open(f"{group}/cgroup.events", os.O_RDONLY)
        try:
            poll = select.poll()
            poll.register(descriptor, select.POLLPRI)
            while is_populated(group):
                os.pread(descriptor, 1, 0)
                poll.poll(_LOOK_AGAIN_MS)
        finally:
            os.close(descriptor)


def remove(group: str) -> None:
    """Take the group away; one in which a command has left somebody behind stays."""
    with contextlib.suppress(OSError):
        os.rmdir(group)  # noqa: PTH106 (pathlib costs the start its import)


def _tidy(parent: str) -> None:
    """Take groups away that stayed for who was left behind in them, once nobody is, and their shim is dead."""
    for name in filter(lambda one: one.startswith(_PREFIX), os.listdir(parent)):  # noqa: PTH208 (as above)
        if _is_over(*name.removeprefix(_PREFIX).partition("-")[::2]):
            remove(f"{parent}/{name}")


def _is_over(pid: str, start_time: str) -> bool:
    if not (pid.isdigit() and start_time.isdigit()):
        return False  # no shim of ours has such a group
    try:
        return text(f"/proc/{pid}/stat").rpartition(")")[2].split()[19] != start_time
    except OSError:
        return True


def _mounted_at() -> str:
    """Find where version 2 is mounted as a whole (proc(5), mountinfo)."""
    for line in text("/proc/self/mountinfo").splitlines():
        fields, _, source = line.partition(" - ")
        if source.startswith("cgroup2 ") and fields.split()[3] == "/":
            return fields.split()[4]
    raise StopIteration


def _own() -> str:
    return next(line[3:] for line in text("/proc/self/cgroup").splitlines() if line.startswith("0::"))


def _write(path: str, content: str) -> None:
    descriptor = os.open(path, os.O_WRONLY)
    try:
        os.write(descriptor, content.encode())
    finally:
        os.close(descriptor)
