"""``report``: one page, or the draft of a post-mortem, of a real release that halted and was taken back."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from support.past_of_a_stack import FRONT, WEB

if TYPE_CHECKING:
    from pathlib import Path

    from support.past_of_a_stack import PastOfAStack

pytestmark = pytest.mark.timeout(600)  # the first one waits for three releases


@pytest.fixture(scope="module", name="page")
def _page(past: PastOfAStack, tmp_path_factory: pytest.TempPathFactory) -> str:
    file = tmp_path_factory.mktemp("report") / "report.html"
    past.client("report", FRONT, "--html", str(file))
    return file.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "told",
    [
        f"Ticket {FRONT}",
        "no such table: pages",
        "moved 42 pages",
        "the vendor&#39;s table was missing",
        "pages are slow",
        "waits for a decision",
        "front.recreate",
        "revert.front.recreate",
    ],
)
def test_a_page_holds_what_happened_and_what_was_printed(page: str, told: str) -> None:
    assert told in page


def test_a_page_points_nowhere_outside_it(page: str) -> None:
    assert not re.search(r"<[^>]*\b(src|href|action|style)=|url\(|@import|<script", page)


def test_a_draft_names_the_failure_and_what_was_decided(past: PastOfAStack) -> None:
    told = past.client("report", FRONT, "--markdown").stdout
    assert told.startswith(f"# Post-mortem of ticket {FRONT}: reverted\n")
    assert "no such table: pages" in told
    assert "had it go on: the vendor's table was missing" in told


def test_a_release_without_a_halt_has_a_draft_too(past: PastOfAStack) -> None:
    assert "It did not halt." in past.client("report", WEB, "--markdown").stdout


def test_a_period_tells_of_each_run_and_what_it_halted_with(past: PastOfAStack, tmp_path: Path) -> None:
    told = past.client("report", "--environment", "--since", "24h ago", "--markdown").stdout
    assert "2 runs, of which 1 halted on the way." in told
    assert "* script\\_failed: 1" in told
    past.client("report", "--environment", "--html", str(tmp_path / "period.html"))
    assert f"<td>{WEB}</td>" in (tmp_path / "period.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("typed", [(), (WEB, "--environment"), (WEB, "--since", "24h ago")], ids=" ".join)
def test_a_report_is_of_a_ticket_or_of_the_environment(past: PastOfAStack, typed: tuple[str, ...]) -> None:
    assert "--environment" in past.client("report", *typed, "--markdown", code=2).stderr


def test_what_is_wanted_has_to_be_said(past: PastOfAStack) -> None:
    assert "--html FILE or --markdown" in past.client("report", WEB, code=2).stderr


def test_a_page_that_cannot_be_written_is_told(past: PastOfAStack, tmp_path: Path) -> None:
    refused = past.client("report", WEB, "--html", str(tmp_path / "missing" / "page.html"), code=1)
    assert "page.html was not written: No such file or directory." in refused.stderr
