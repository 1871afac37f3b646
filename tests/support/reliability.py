"""Makes ``docs/reliability.json`` of what the tests of faults saw; no figure in it is written by hand.

With ``--reliability FILE`` pytest runs what names a row and what is of a tier, and writes the report at the end.
"""

from __future__ import annotations

import json
import platform
import sqlite3
import statistics
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from support.evidence import rows_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

OPTION = "--reliability"
TIERS = ("tier1", "tier2")


@dataclass
class Shown:
    """What one test came to, and what it noted."""

    name: str
    """Of its function, which may run in several cases."""
    noted: Sequence[tuple[str, Any]] = ()
    outcome: str = "passed"
    reason: str = ""
    """Why it was skipped."""

    def all(self, name: str) -> list[Any]:
        """List what was noted under a name."""
        return [value for noted_as, value in self.noted if noted_as == name]


@dataclass
class Report:
    """Gathers what all tests came to, those of all workers, and writes it down."""

    file: Path
    shown: dict[str, Shown] = field(default_factory=dict)
    """By node id."""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take in set-up, call and clean-up of a test; the last one carries all that it noted."""
        one = self.shown.setdefault(report.nodeid, Shown(report.nodeid.partition("[")[0]))
        one.noted = report.user_properties
        if report.failed:
            one.outcome = "failed"
        elif report.skipped:
            one.outcome, one.reason = "skipped", _reason(report)

    def pytest_sessionfinish(self, exitstatus: int) -> None:
        """Write the report of a session that came to its end."""
        if exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
            text = json.dumps(report_of(list(self.shown.values())), indent=2, sort_keys=True, ensure_ascii=False)
            self.file.write_text(f"{text}\n", encoding="utf-8")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Offer to write the report."""
    parser.addoption(OPTION, type=Path, metavar="FILE", help="run what shows a row of reliability, and write it down")


def pytest_configure(config: pytest.Config) -> None:
    """Gather in the process that hears of all tests, where a report is wanted."""
    file = config.getoption(OPTION)
    if file and not config.option.collectonly and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Report(file))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep what the report is about, where one is wanted."""
    if config.getoption(OPTION):
        config.hook.pytest_deselected(items=[item for item in items if not _is_reported(item)])
        items[:] = [item for item in items if _is_reported(item)]


def _is_reported(item: pytest.Item) -> bool:
    return bool(rows_of(item) or any(map(item.get_closest_marker, TIERS)))


# --- the report --------------------------------------------------------------------------------------------------


def report_of(shown: Sequence[Shown]) -> dict[str, Any]:
    """Give the report as it is written down."""
    rows: dict[int, list[Shown]] = defaultdict(list)
    for one in shown:
        for row in one.all("row"):
            rows[row].append(one)
    return {
        "machine": {
            "platform": platform.platform(),
            "python": platform.python_version(),
            "sqlite": sqlite3.sqlite_version,
        },
        "rows": {f"{number:02}": _row(ones) for number, ones in rows.items()},
        "total": {"outcomes": Counter(one.outcome for one in shown), **_seen(shown)},
    }


def _row(shown: Sequence[Shown]) -> dict[str, Any]:
    outcomes: dict[str, Counter[str]] = defaultdict(Counter)
    for one in shown:
        outcomes[one.name][one.outcome] += 1
    return {"outcome": _outcome({one.outcome for one in shown}), "tests": outcomes, **_seen(shown)}


def _outcome(outcomes: set[str]) -> str:
    """Say what a row came to: it counts as shown where something showed it, and nothing the contrary."""
    return next(one for one in ("failed", "passed", "skipped") if one in outcomes)


def _seen(shown: Sequence[Shown]) -> dict[str, Any]:
    """Sum up what tests noted, without what none of them noted."""
    figures: Counter[str] = Counter()
    for name, value in _all(shown, "figure"):
        figures[name] += value
    controls = [(name, "red" if red else "passed") for name, red in _all(shown, "control")]
    seen = {
        "fired": sum(_all(shown, "fired")),
        "figures": figures,
        "controls": {name: Counter(came for one, came in controls if one == name) for name, _ in controls},
        "controls_in_all": Counter(came for _, came in controls),
        "resumed_after_s": _spread(_all(shown, "resumed_after_s")),
        "seeds": sorted(set(_all(shown, "seed"))),
        "skipped": {one.name: one.reason for one in shown if one.outcome == "skipped"},
    }
    return {name: value for name, value in seen.items() if value}


def _all(shown: Iterable[Shown], name: str) -> list[Any]:
    return [value for one in shown for value in one.all(name)]


def _spread(seconds: Sequence[float]) -> dict[str, float]:
    if not seconds:
        return {}
    return {"p50": round(statistics.median(seconds), 2), "max": round(max(seconds), 2), "of": len(seconds)}


def _reason(report: pytest.TestReport) -> str:
    """Say why a test was skipped: pytest has it with the place where it was."""
    told = report.longrepr
    return told[2].removeprefix("Skipped: ") if isinstance(told, tuple) else str(told)
