"""What several suites of the adapters need."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(name="canary")
def _canary(tmp_path: Path) -> Iterator[Path]:
    """A program that must not run; the file beside it exists once anybody ran it."""
    program = tmp_path / "canary.sh"
    program.write_text(f"#!/bin/sh\ntouch {tmp_path}/canary-ran\nexit 1\n")
    program.chmod(0o755)
    yield program
    assert not (tmp_path / "canary-ran").exists()
