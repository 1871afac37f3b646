"""Every row of docs/reliability.md is shown by a test that names it, or says with what it comes."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from support.evidence import rows_in

TESTS = Path(__file__).resolve().parents[1]
PAGE = (TESTS.parent / "docs" / "reliability.md").read_text(encoding="utf-8")
_ROW = re.compile(r"^\| (\d+) \|.*\| ([^|]+) \|$", re.MULTILINE)
_TIER = re.compile(r"[01](, [01])*")
ROWS = {int(number): last for number, last in _ROW.findall(PAGE)}
HERE = {number for number, last in ROWS.items() if _TIER.fullmatch(last)}
REASONS = {"with PostgreSQL", "with several hosts", "with Swarm", "with TLS", "tier 2", "`make reboot-test`"}


@cache
def shown() -> dict[int, list[str]]:
    """Give the tests that name each row."""
    found: dict[int, list[str]] = {}
    for file in sorted(TESTS.rglob("test_*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                for row in rows_in(ast.get_docstring(node)):
                    found.setdefault(row, []).append(f"{file.relative_to(TESTS)}::{node.name}")
    return found


def test_the_page_lists_62_rows_in_order() -> None:
    assert [*ROWS] == [*range(1, 63)]


@pytest.mark.parametrize("row", sorted(HERE))
def test_a_row_that_can_go_wrong_here_is_shown(row: int) -> None:
    assert shown().get(row, []) != []


def test_a_row_that_is_not_shown_here_says_with_what_it_comes() -> None:
    assert {last for number, last in ROWS.items() if number not in HERE} <= REASONS


def test_every_row_that_a_test_names_is_on_the_page() -> None:
    assert {row: tests for row, tests in shown().items() if row not in ROWS} == {}
