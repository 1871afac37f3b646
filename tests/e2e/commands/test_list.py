"""``list``: which releases are shown, and how many."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.site import Site

FINE, FAILS = "#!/bin/sh\n", "#!/bin/sh\nexit 3\n"


@pytest.fixture(scope="module", name="released")
def _released(new_site: Callable[[], Site]) -> Site:
    """Release three tickets; the last one halts."""
    site = new_site()
    for ticket, script, code in (("1141", FINE, 0), ("1142", FINE, 0), ("1143", FAILS, 1)):
        site.merge(ticket, {f"releases/{ticket}-a.sh": script})
        assert site.client("run", ticket).returncode == code
    return site


def tickets(site: Site, *options: str) -> list[str]:
    """Name the tickets that are listed."""
    return [one["ticket"] for one in site.document("list", *options)["releases"]]


def test_all_are_listed_newest_first(released: Site) -> None:
    assert tickets(released) == ["1143", "1142", "1141"]


def test_at_most_so_many_are_listed(released: Site) -> None:
    assert tickets(released, "--limit", "2") == ["1143", "1142"]


def test_only_those_in_a_state_are_listed(released: Site) -> None:
    assert tickets(released, "--state", "halted") == ["1143"]


def test_a_state_in_which_none_is_says_so_and_is_no_error(released: Site) -> None:
    told = released.client("list", "--state", "reverting")

    assert (told.returncode, told.stdout, told.stderr) == (0, "", "No release is reverting.\n")


def test_each_is_an_object_of_its_own_line_where_that_is_wanted(released: Site) -> None:
    lines = released.client("-o", "jsonl", "list").stdout.splitlines()

    assert [json.loads(line)["state"] for line in lines] == ["halted", "released", "released"]


def test_a_reverted_release_that_a_later_one_brought_back_says_so(site: Site) -> None:
    site.merge("1144", {"releases/1144-a.sh": FINE})
    assert site.client("run", "1144").returncode == 0
    assert site.client("revert", "1144", "--yes").returncode == 0
    site.merge("1145", {"releases/1145-a.sh": FINE})
    assert [one["back_with"] for one in site.document("list", "--state", "reverted")["releases"]] == [""]

    assert (
        site.client("run", "1145", "--with", "1144", "--include-reverted", "--reason", "it is mended").returncode == 0
    )

    assert [one["back_with"] for one in site.document("list", "--state", "reverted")["releases"]] == ["1145"]
    assert "✓ reverted, back with 1145" in site.client("list").stdout
    assert "back with    ticket 1145, which brought its commits back" in site.client("status", "1144").stdout


def test_a_limit_of_none_is_wrong_usage(released: Site) -> None:
    assert released.rejects("list", "--limit", "0").reason == "usage"
