"""Clocks of a real process that a test sets, by a small library that is loaded into it; skipped where none is built."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import pytest

_SOURCE = Path(__file__).with_name("clocks.c")
_TELL = "import time; print(time.monotonic())"


@dataclass(frozen=True)
class MovedClock:
    """By how much the clocks go before or behind those of the machine."""

    folder: Path

    @classmethod
    def built_in(cls, folder: Path) -> Self:
        """Build the library; both clocks are right at first."""
        compiler = shutil.which("cc")
        if compiler is None:
            pytest.skip("there is no C compiler here to build the library that moves a clock")
        subprocess.run([compiler, "-shared", "-fPIC", "-O", "-o", folder / "clocks.so", _SOURCE, "-ldl"], check=True)
        return cls(folder)

    def environment(self) -> dict[str, str]:
        """Give the variables with which a process is to be started."""
        offsets = {"WALL_OFFSET_FILE": str(self._wall), "MONOTONIC_OFFSET_FILE": str(self._monotonic)}
        return {"LD_PRELOAD": str(self.folder / "clocks.so"), **offsets}

    def set_wall(self, seconds: float) -> None:
        """Have the wall clock go so far before that of the machine; negative: behind."""
        self._wall.write_text(f"{seconds:.0f}", encoding="ascii")

    def skip_monotonic(self, seconds: float) -> bool:
        """Have the clock that is never set jump, as it does where a machine was paused; tell whether a process saw it.

        The process is one of its own, which was started with ``environment``.
        """
        self._monotonic.write_text(f"{seconds:.0f}", encoding="ascii")
        before = time.monotonic()
        seen = subprocess.check_output([sys.executable, "-Sc", _TELL], env=self.environment())
        return float(seen) - before >= seconds

    @property
    def _wall(self) -> Path:
        return self.folder / "wall"

    @property
    def _monotonic(self) -> Path:
        return self.folder / "monotonic"
