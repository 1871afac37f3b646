"""A limit of memory by a control group of version 1, in which the kernel kills who passes it; skipped where none is."""

from __future__ import annotations

import os
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

_ROOT = Path("/sys/fs/cgroup/memory")
_LEFT_BYTES = 2**20
_HOG = "echo $$ >$1; echo -1000 >/proc/$$/oom_score_adj; head -c 32M /dev/zero | tail | wc -c"
"""tail(1) keeps what has no end of a line."""


@dataclass(frozen=True)
class MemoryLimit:
    """The group, which keeps whoever was born in it."""

    group: Path

    @classmethod
    @contextmanager
    def around_children(cls, name: str) -> Iterator[Self]:
        """Let those who are started in the context live in the group; it is to be removed once they are dead."""
        if not os.access(_ROOT / "memory.limit_in_bytes", os.W_OK):
            pytest.skip("no control group of version 1 limits memory here, or it is not ours to set")
        group, usual = _ROOT / f"{name}-{os.getpid()}", _present_group()
        group.mkdir()
        _enter(group)
        try:
            yield cls(group)
        finally:
            _enter(usual)

    def exhaust(self) -> None:
        """Have somebody whom the kernel spares use more memory than is left: it kills the largest of the others."""
        used = int((self.group / "memory.usage_in_bytes").read_text(encoding="ascii"))
        (self.group / "memory.limit_in_bytes").write_text(str(used + _LEFT_BYTES), encoding="ascii")
        subprocess.run(["/bin/sh", "-c", _HOG, "hog", self.group / "cgroup.procs"], check=True)

    def remove(self) -> None:
        """Take the group away once nobody lives in it."""
        self.group.rmdir()

    def kills(self) -> int:
        """Count whom the kernel has killed."""
        told = dict(line.split() for line in (self.group / "memory.oom_control").read_text("ascii").splitlines())
        return int(told["oom_kill"])


def _present_group() -> Path:
    lines = Path("/proc/self/cgroup").read_text(encoding="ascii").splitlines()
    return next(_ROOT / path.lstrip("/") for _, kind, path in (line.split(":") for line in lines) if kind == "memory")


def _enter(group: Path) -> None:
    (group / "cgroup.procs").write_text(str(os.getpid()), encoding="ascii")
