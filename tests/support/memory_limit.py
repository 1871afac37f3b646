"""A limit of memory by a control group in which the kernel kills who passes it; skipped where none is ours to set."""

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

_LEFT_BYTES = 2**20
_HOG = "echo 500 >/proc/$$/oom_score_adj && echo $$ >$1 && head -c 32M /dev/zero | tail | wc -c"
"""tail(1) keeps what has no end of a line. Everybody may ask to be killed sooner, and only root to be spared."""
_FIRST = "1000"


@dataclass(frozen=True)
class _Version:
    """Where a version of control groups has what."""

    root: Path
    controller: str
    """By which ``/proc/self/cgroup`` names the hierarchy."""
    used: str
    limit: str
    events: str


_VERSIONS = (
    _Version(Path("/sys/fs/cgroup"), "", "memory.current", "memory.max", "memory.events"),
    _Version(
        Path("/sys/fs/cgroup/memory"),
        "memory",
        "memory.usage_in_bytes",
        "memory.limit_in_bytes",
        "memory.oom_control",
    ),
)


@dataclass(frozen=True)
class MemoryLimit:
    """The group, which keeps whoever was born in it."""

    group: Path
    _version: _Version

    @classmethod
    @contextmanager
    def made(cls, name: str) -> Iterator[Self]:
        """Hand out a group; it is removed at the end, when nobody may live in it any more."""
        version = _limiting_version()
        group = version.root / f"{name}-{os.getpid()}"
        group.mkdir()
        try:
            yield cls(group, version)
        finally:
            group.rmdir()

    @contextmanager
    def around_children(self) -> Iterator[None]:
        """Let those who are started in the context live in the group."""
        usual = _present_group(self._version)
        _enter(self.group)
        try:
            yield
        finally:
            _enter(usual)

    def exhaust(self, first: int) -> None:
        """Have somebody use more memory than is left: the kernel kills the process ``first``, then at most that one."""
        Path(f"/proc/{first}/oom_score_adj").write_text(_FIRST, encoding="ascii")
        used = int((self.group / self._version.used).read_text(encoding="ascii"))
        (self.group / self._version.limit).write_text(str(used + _LEFT_BYTES), encoding="ascii")
        subprocess.run(["/bin/sh", "-c", _HOG, "hog", self.group / "cgroup.procs"], check=True)

    def kills(self) -> int:
        """Count whom the kernel has killed."""
        told = dict(line.split() for line in (self.group / self._version.events).read_text("ascii").splitlines())
        return int(told["oom_kill"])


def _limiting_version() -> _Version:
    for version in _VERSIONS:
        # Of version 2 the root itself has no limit, and names what its groups may limit.
        handed_down = version.root / "cgroup.subtree_control"
        limits = "memory" in handed_down.read_text("ascii").split() if handed_down.exists() else version.controller
        if limits and os.access(version.root / "cgroup.procs", os.W_OK):
            return version
    pytest.skip("no control group limits memory here, or it is not ours to set")


def _present_group(version: _Version) -> Path:
    lines = [line.split(":", 2) for line in Path("/proc/self/cgroup").read_text(encoding="ascii").splitlines()]
    return next(version.root / path.lstrip("/") for _, controller, path in lines if controller == version.controller)


def _enter(group: Path) -> None:
    (group / "cgroup.procs").write_text(str(os.getpid()), encoding="ascii")
