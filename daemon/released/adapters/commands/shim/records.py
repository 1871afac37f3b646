"""The durable records of a slot: who runs the command, and how it ended. A slot is the descriptor of its folder."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import time

TYPE_CHECKING = False  # the real one costs the import of typing
if TYPE_CHECKING:
    from typing import Any

    Record = dict[str, Any]

NO_SPECIFICATION, SLOT_TAKEN = 65, 75
"""Exit statuses of a shim that ran nothing: no whole specification (EX_DATAERR), slot not free (EX_TEMPFAIL)."""

_RETRY_S = 1.0


def identity() -> Record:
    """Tell who we are, so that nobody else is ever taken for us."""
    start_time = int(text("/proc/self/stat").rpartition(")")[2].split()[19])
    return {"pid": os.getpid(), "start_time": start_time, "boot_id": text("/proc/sys/kernel/random/boot_id").strip()}


def text(path: str) -> str:
    """Read a small file, without what pathlib costs the start."""
    with os.fdopen(os.open(path, os.O_RDONLY), encoding="utf-8", errors="replace") as file:
        return file.read()


def claim(slot: int, record: Record) -> bool:
    """Make ``started.json`` with this record unless it exists; it is durable when this returns.

    Returns:
        False when somebody else had the slot first.
    """
    temporary = f".started.{os.getpid()}.{time.monotonic_ns()}"
    try:
        _write(slot, temporary, record)
        os.link(temporary, "started.json", src_dir_fd=slot, dst_dir_fd=slot)
    except FileExistsError:
        return False
    finally:
        os.unlink(temporary, dir_fd=slot)
        os.fsync(slot)
    return True


def leave_result(slot: int, result: Record) -> None:
    """Write ``result.json``; a full disk is waited for, because a lost result leaves the release in doubt."""
    while True:
        try:
            _write(slot, ".result", result)
            os.rename(".result", "result.json", src_dir_fd=slot, dst_dir_fd=slot)
            return os.fsync(slot)
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                raise
            complain(f"cannot write the result: {error.strerror}; trying again")
            time.sleep(_RETRY_S)


def _write(slot: int, name: str, record: Record) -> None:
    descriptor = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600, dir_fd=slot)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(record, file)
        file.flush()
        os.fsync(descriptor)


def complain(sentence: str) -> None:
    """Say on stderr, which is the log of the slot, what went wrong with the shim itself."""
    with contextlib.suppress(OSError):  # the log is on the same disk, and as full
        os.write(2, f"released shim: {sentence}\n".encode(errors="replace"))


def now() -> str:
    """Read the wall clock, for people."""
    seconds, milliseconds = divmod(time.time_ns() // 1_000_000, 1000)
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(seconds))}.{milliseconds:03}Z"
