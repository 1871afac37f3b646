"""Tools that run inside the daemon: each leads a session of its own, and ends with it when the patience is over."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from contextlib import suppress

from released.adapters.interruption import Interruption

_GRACE_S = 5.0
_LOOK_S = 0.2
"""How often the interruption is looked at; only who waits for a process may signal it, since its pid is used again."""


def communicate(
    process: subprocess.Popen[bytes], timeout_s: float | None, interruption: Interruption
) -> tuple[bytes, bytes]:
    """Wait for the end of a process that leads a session, and give what it printed and complained.

    Raises:
        TimeoutError: it took longer than ``timeout_s`` seconds; it was ended with its session.
        StepFailed: ``killed``: the wait was interrupted; likewise.
    """
    deadline = time.monotonic() + (timeout_s or float("inf"))
    while not interruption.is_asked and (left_s := deadline - time.monotonic()) > 0:
        with suppress(subprocess.TimeoutExpired):
            return process.communicate(timeout=min(left_s, _LOOK_S))
    _end_session(process)
    interruption.check()
    raise TimeoutError(f"did not finish within {timeout_s:g} seconds")


def _end_session(process: subprocess.Popen[bytes]) -> None:
    """End it politely, so that it removes its lock files, then for good."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with suppress(subprocess.TimeoutExpired):
            process.communicate(timeout=_GRACE_S)
