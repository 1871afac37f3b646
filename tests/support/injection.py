"""Errors of the disk, injected into a running process by strace, and counted as strace saw them happen."""

from __future__ import annotations

import shutil
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@dataclass(frozen=True)
class Injection:
    """What strace writes down."""

    log: Path

    @property
    def count(self) -> int:
        """How often the error was injected so far."""
        return self.log.read_text(encoding="utf-8", errors="replace").count("(INJECTED)")


@contextmanager
def injected(pid: int, fault: str, log: Path) -> Iterator[Injection]:
    """Inject a fault into all threads of a process and into its children; it need not be alive at the end.

    Args:
        pid: of the process.
        fault: as strace takes it, for instance ``fdatasync:error=EIO:when=3``; counted in each thread from now on.
        log: a file that strace writes to.

    Skips the test where strace is missing.
    """
    strace = shutil.which("strace")
    if strace is None:
        pytest.skip("strace is missing: run 'packaging/prepare-host.sh faults' as root")
    call = fault.partition(":")[0]
    tracer = subprocess.Popen(
        [strace, "-f", "-o", log, "-p", str(pid), "-e", f"trace={call}", "-e", f"inject={fault}"],
        stderr=subprocess.PIPE,
        text=True,
    )
    with tracer:
        try:
            assert tracer.stderr is not None
            assert "attached" in tracer.stderr.readline()
            yield Injection(log)
        finally:
            tracer.terminate()
