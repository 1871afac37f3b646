"""Somebody who has an exported file, and neither the daemon nor its host."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from support.daemon_process import PROGRAMS

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Reader:
    """Asks the file, from an empty home."""

    file: Path
    home: Path

    def ask(self, *typed: str, code: int = 0, signers: Path | None = None) -> subprocess.CompletedProcess[str]:
        """Ask the file, which must answer with this code.

        Args:
            typed: behind the file.
            code: the exit code to be expected.
            signers: of whom one must have signed it.
        """
        opening = ("open",) if signers is None else ("open", "--signers", str(signers))
        finished = subprocess.run(
            [PROGRAMS / "releasectl", *opening, self.file, *typed],
            env={"PATH": os.environ["PATH"], "HOME": str(self.home), "NO_COLOR": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert finished.returncode == code, finished.stdout + finished.stderr
        return finished

    def document(self, *typed: str) -> dict[str, Any]:
        """Ask, and read the answer as a document."""
        found: dict[str, Any] = json.loads(self.ask(*typed, "-o", "json").stdout)
        return found
