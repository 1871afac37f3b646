"""What tests of faults note is checked, and becomes the report of reliability."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from support.evidence import Evidence, rows_in
from support.reliability import Shown, report_of

SUPPORT = Path(__file__).resolve().parents[1]
TESTS = '''
import pytest

def test_that_saw_its_fault(evidence):
    """Rows 13 and 21: it fired."""
    evidence.fired(2)
    evidence.add(cuts=3, lost=0)
    evidence.control("no flush", red=True)

def test_that_saw_nothing(evidence):
    """Row 14: it did not fire."""

def test_whose_control_passed(evidence):
    """Row 15: it fired, and the check would not notice."""
    evidence.fired()
    evidence.control("no flush", red=False)

@pytest.mark.tier1
def test_that_cannot_be_made_here():
    """Row 16: it needs more."""
    pytest.skip("needs root")

def test_of_something_else():
    pass
'''


@pytest.fixture(scope="module", name="report")
def _report(tmp_path_factory: pytest.TempPathFactory) -> Any:  # noqa: ANN401 (JSON)
    """Run the tests above in a pytest of their own, and read the report."""
    folder = tmp_path_factory.mktemp("reported")
    (folder / "test_faults.py").write_text(TESTS, encoding="utf-8")
    (folder / "pytest.ini").write_text("[pytest]\nmarkers = tier1\n", encoding="utf-8")
    subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "support.evidence", "-p", "support.reliability", "--reliability=r.json"],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(SUPPORT)},
        capture_output=True,
        timeout=60,
        check=False,
    )
    return json.loads((folder / "r.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("docstring", "rows"),
    [
        ("Row 13: a cut.", [13]),
        ("Rows 15 and 16: cuts.", [15, 16]),
        ("Rows 1, 2 and 3: deaths.", [1, 2, 3]),
        ("It is about Row 13: a cut.", []),
        (None, []),
    ],
)
def test_a_docstring_names_its_rows(docstring: str | None, rows: list[int]) -> None:
    assert rows_in(docstring) == rows


def test_a_row_whose_fault_fired_is_in_the_report_with_its_figures(report: Any) -> None:  # noqa: ANN401
    seen = {
        "outcome": "passed",
        "fired": 2,
        "figures": {"cuts": 3, "lost": 0},
        "controls": {"no flush": {"red": 1}},
        "controls_in_all": {"red": 1},
        "tests": {"test_faults.py::test_that_saw_its_fault": {"passed": 1}},
    }
    assert (report["rows"]["13"], report["rows"]["21"]) == (seen, seen)


def test_a_row_whose_fault_did_not_fire_fails(report: Any) -> None:  # noqa: ANN401
    assert report["rows"]["14"]["outcome"] == "failed"


def test_a_row_whose_control_passed_fails(report: Any) -> None:  # noqa: ANN401
    assert report["rows"]["15"]["outcome"] == "failed"
    assert report["rows"]["15"]["controls"] == {"no flush": {"passed": 1}}


def test_a_row_that_was_skipped_has_its_reason_in_the_report(report: Any) -> None:  # noqa: ANN401
    row = report["rows"]["16"]
    assert (row["outcome"], [*row["skipped"].values()]) == ("skipped", ["needs root"])


def test_tests_of_something_else_are_not_run(report: Any) -> None:  # noqa: ANN401
    assert sum(report["total"]["outcomes"].values()) == 4


def test_figures_of_one_name_are_summed_over_tests_and_a_test_of_two_rows_counts_once() -> None:
    tests = [
        Shown("a", [("row", 13), ("row", 14), ("figure", ["cuts", 3]), ("resumed_after_s", 0.5)]),
        Shown("b", [("row", 13), ("figure", ["cuts", 4]), ("resumed_after_s", 1.5)]),
    ]

    report = report_of(tests)

    assert [report["rows"][row]["figures"]["cuts"] for row in ("13", "14")] == [7, 3]
    assert report["total"]["figures"]["cuts"] == 7
    assert report["total"]["resumed_after_s"] == {"p50": 1.0, "max": 1.5, "of": 2}


def test_one_failure_outweighs_what_else_showed_a_row() -> None:
    tests = [Shown("a", [("row", 13)]), Shown("b", [("row", 13)], "failed"), Shown("c", [("row", 13)], "skipped", "no")]

    assert report_of(tests)["rows"]["13"]["outcome"] == "failed"


def test_a_control_that_passes_fails_the_test_that_has_it() -> None:
    with pytest.raises(AssertionError, match="The negative control 'no flush' passed"):
        Evidence([]).control("no flush", red=False)
