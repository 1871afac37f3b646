"""``plan`` shows a decision against the usual way as the run will put it on record."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from support.site import Site

TICKET = "1210"
FINE = {f"releases/{TICKET}-a.sh": "#!/bin/sh\n"}


def details(site: Site, *arguments: str) -> list[tuple[str, str]]:
    """Give what is planned against the usual way, and why."""
    return [(one["detail"], one["reason"]) for one in site.document(*arguments)["overrides"]]


def test_a_base_that_is_named_is_shown(site: Site) -> None:
    base = site.ops.head()
    site.merge(TICKET, FINE)
    site.git("pull", "--quiet", "--ff-only")

    planned = details(site, "plan", TICKET, "--base", base, "--reason", "pulled by hand")

    assert planned == [(f"changes are counted from {base[:12]}", "pulled by hand")]


def test_commits_that_come_back_are_shown(site: Site) -> None:
    site.merge(TICKET, FINE)
    assert site.client("run", TICKET).returncode == 0
    assert site.client("revert", TICKET, "--yes").returncode == 0

    [(detail, reason)] = details(site, "plan", TICKET, "--include-reverted", "--reason", "it was fine")

    assert detail.startswith("commits that were held as bad come back: ")
    assert reason == "it was fine"
