"""Tells in which tiers the tests of each row of ``docs/reliability.md`` are, as pytest collects them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from support.evidence import rows_of
from support.reliability import TIERS

if TYPE_CHECKING:
    from collections.abc import Iterable

_TESTS = Path(__file__).resolve().parents[1]


class _Collected:
    """Gathers what a session collects."""

    def __init__(self) -> None:
        self.tiers: dict[int, set[int]] = {}

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Take in what was collected."""
        for item in session.items:
            for row in rows_of(item):
                self.tiers.setdefault(row, set()).add(_tier_of(item))


def _tier_of(item: pytest.Item) -> int:
    return next((tier for tier, marker in enumerate(TIERS, 1) if item.get_closest_marker(marker)), 0)


def row_tiers(files: Iterable[Path]) -> dict[int, list[int]]:
    """Give the tiers of the tests in these files, by row.

    They are collected by a process of their own: a session in a session would share what is global to pytest.
    """
    command = [sys.executable, "-m", "support.row_tiers", *map(str, files)]
    told = subprocess.run(command, cwd=_TESTS, capture_output=True, text=True, check=True)
    tiers: dict[str, list[int]] = json.loads(told.stdout.splitlines()[-1])
    return {int(row): found for row, found in tiers.items()}


def _main(files: list[str]) -> int:
    collected = _Collected()
    # An empty "-m" takes the place of the one that leaves the higher tiers out; nothing is run that would assert.
    options = ["--collect-only", "-qq", "-m", "", "-p", "no:cacheprovider", "--assert=plain"]
    code = pytest.main([*options, *files], plugins=[collected])
    print(json.dumps({row: sorted(tiers) for row, tiers in collected.tiers.items()}))  # noqa: T201 (read above)
    return code


if __name__ == "__main__":
    sys.exit(_main(sys.argv[1:]))
