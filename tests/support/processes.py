"""Processes that are waited for together."""

from __future__ import annotations

import os
import select
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import subprocess

PATIENCE_S = 60.0


def first_to_end(*processes: subprocess.Popen[Any]) -> subprocess.Popen[Any]:
    """Wait until one of several processes has ended, and give it: the first of them where more have.

    Raises:
        AssertionError: none did in time.
    """
    with ExitStack() as opened:
        ends = {}
        for process in processes:
            if process.poll() is not None:
                return process
            descriptor = os.pidfd_open(process.pid)
            opened.callback(os.close, descriptor)
            ends[descriptor] = process
        over, _, _ = select.select(list(ends), [], [], PATIENCE_S)
        assert over, f"none of {[process.args for process in processes]} ended in {PATIENCE_S} s"
        return ends[over[0]]
