"""Every row of docs/reliability.md is shown by tests of the tiers that it names, or says with what it comes."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from support.evidence import rows_in
from support.row_tiers import row_tiers

TESTS = Path(__file__).resolve().parents[1]
PAGE = (TESTS.parent / "docs" / "reliability.md").read_text(encoding="utf-8")
_ROW = re.compile(r"^\| (\d+) \|.*\| ([^|]+) \|$", re.MULTILINE)
_TIER = re.compile(r"[012](, [012])*")
ROWS = {int(number): last for number, last in _ROW.findall(PAGE)}
HERE = {number for number, last in ROWS.items() if _TIER.fullmatch(last)}
REASONS = {"with PostgreSQL", "with several hosts", "with Swarm", "with TLS", "tier 2", "`make reboot-test`"}


def _names_a_row(file: Path) -> bool:
    functions = (node for node in ast.walk(ast.parse(file.read_text("utf-8"))) if isinstance(node, ast.FunctionDef))
    return any(rows_in(ast.get_docstring(one)) for one in functions if one.name.startswith("test_"))


@pytest.fixture(scope="module", name="shown")
def _shown() -> dict[int, str]:
    """Give the tiers of the tests that name each row, as the page has them."""
    tiers = row_tiers(file for file in sorted(TESTS.rglob("test_*.py")) if _names_a_row(file))
    return {row: ", ".join(map(str, found)) for row, found in tiers.items()}


def test_the_page_lists_62_rows_in_order() -> None:
    assert [*ROWS] == [*range(1, 63)]


def test_a_row_that_can_go_wrong_here_is_shown_in_the_tiers_that_it_names(shown: dict[int, str]) -> None:
    assert {row: shown.get(row) for row in HERE} == {row: ROWS[row] for row in HERE}


def test_a_row_that_is_not_shown_here_says_with_what_it_comes() -> None:
    assert {last for number, last in ROWS.items() if number not in HERE} <= REASONS


def test_every_row_that_a_test_names_is_on_the_page(shown: dict[int, str]) -> None:
    assert shown.keys() - ROWS.keys() == set()
