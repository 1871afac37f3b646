"""Finds and ends what a test left running: processes that work in, or were started with a path of, its own folder."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


def kill_below(folder: Path) -> None:
    """Kill every process that belongs to the folder; nobody else has one of that name."""
    for pid in belonging_to(str(folder)):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def belonging_to(folder: str) -> Iterator[int]:
    """Find the processes of a folder, except for the caller."""
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        with suppress(OSError):
            if (entry / "cwd").readlink().is_relative_to(folder) or folder.encode() in (entry / "cmdline").read_bytes():
                yield int(entry.name)
