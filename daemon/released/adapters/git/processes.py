"""Which git processes live in a checkout, and waiting for their end."""

from __future__ import annotations

import os
import select
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from released.adapters.git.environment import MARKER

if TYPE_CHECKING:
    from collections.abc import Iterator

_PROC = Path("/proc")


@dataclass(frozen=True)
class GitProcess:
    """A live git process; ``ours`` where a daemon of ours started it for this checkout."""

    pid: int
    ours: bool


def git_processes_in(checkout: Path) -> Iterator[GitProcess]:
    """Find the git processes that work in ``checkout``, or may: one whose folder we are not allowed to see counts."""
    for folder in _PROC.iterdir():
        # A process that ends while we look at it is not there.
        with suppress(FileNotFoundError, ProcessLookupError):
            if folder.name.isdecimal() and _is_live_git(folder) and _may_work_in(folder, checkout):
                yield GitProcess(int(folder.name), _is_ours(folder, checkout))


def wait_until_gone(process: GitProcess, deadline: float) -> bool:
    """Wait for the end of ``process`` until ``deadline`` (``time.monotonic``); return whether it has come."""
    try:
        descriptor = os.pidfd_open(process.pid)
    except ProcessLookupError:
        return True
    try:
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        return bool(poll.poll(max(0.0, deadline - time.monotonic()) * 1000))
    finally:
        os.close(descriptor)


def _is_live_git(folder: Path) -> bool:
    # "pid (name) state …"; a zombie works no more.
    name, _, rest = (folder / "stat").read_text(errors="replace").partition("(")[2].rpartition(")")
    return (name == "git" or name.startswith("git-")) and rest.split()[0] not in "ZX"


def _may_work_in(folder: Path, checkout: Path) -> bool:
    try:
        return (folder / "cwd").readlink().is_relative_to(checkout)
    except PermissionError:
        return True


def _is_ours(folder: Path, checkout: Path) -> bool:
    try:
        variables = (folder / "environ").read_bytes().split(b"\0")
    except PermissionError:
        return False
    return f"{MARKER}={checkout}".encode() in variables
