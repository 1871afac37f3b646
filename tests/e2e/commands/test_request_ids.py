"""A request acts once: its id is good for one command, and what comes again is answered or refused, never dropped."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from support.site import Site

ID = ("--request-id", "asked-at-night")
FAILS = "#!/bin/sh\nexit 1\n"


@pytest.fixture(name="halted", autouse=True)
def _halted(site: Site) -> None:
    """Run ticket 1000, whose script fails."""
    site.merge("1000", {"releases/1000-fails.sh": FAILS})
    assert site.client("run", "1000", *ID).returncode == 1


@pytest.mark.parametrize(
    "command",
    [
        ("resume", "1000"),
        ("run", "1000", "--from", "ticket"),
        ("cancel", "1000", "--reason", "why"),
        ("note", "1000", "a remark"),
        ("lock", "release", "--reason", "why", "--yes"),
        ("hold", "--reason", "why"),
        ("unhold",),
        ("return-to-main",),
    ],
    ids=" ".join,
)
def test_the_id_of_a_run_is_not_taken_for_another_command(site: Site, command: tuple[str, ...]) -> None:
    rejection = site.rejects(*command, *ID)

    assert rejection.reason == "request_id_reused"
    assert f"was used for run already (release/{site.name}/1000)" in rejection.message


def test_the_id_of_a_hold_is_not_taken_for_a_run(site: Site) -> None:
    assert site.client("hold", "--reason", "why", "--request-id", "hold-it-now").returncode == 0

    rejection = site.rejects("run", "1000", "--request-id", "hold-it-now")

    assert f"was used for hold already (environment/{site.name})" in rejection.message


def test_a_hold_that_is_asked_for_again_is_answered_alike(site: Site) -> None:
    hold = ("hold", "--reason", "the auditor is here", "--request-id", "hold-it-now")

    first, again = site.document(*hold), site.document(*hold)

    assert first["hold_since"] == again["hold_since"]


def test_a_hold_for_another_reason_is_not_taken_for_the_first(site: Site) -> None:
    assert site.client("hold", "--reason", "the auditor is here", "--request-id", "hold-it-now").returncode == 0

    rejection = site.rejects("hold", "--reason", "the disk is full", "--request-id", "hold-it-now")

    assert rejection.reason == "request_id_reused"


@pytest.mark.parametrize(
    ("asked", "between", "phrase"),
    [
        (("hold", "--reason", "why"), ("unhold",), "kept releases out at"),
        (("unhold",), ("hold", "--reason", "why"), "let releases in at"),
    ],
    ids=["hold", "unhold"],
)
def test_a_request_that_was_overtaken_says_so_instead_of_doing_nothing(
    site: Site, asked: tuple[str, ...], between: tuple[str, ...], phrase: str
) -> None:
    if asked == ("unhold",):
        assert site.client("hold", "--reason", "why").returncode == 0
    assert site.client(*asked, "--request-id", "hold-it-now").returncode == 0
    assert site.client(*between).returncode == 0

    rejection = site.rejects(*asked, "--request-id", "hold-it-now", code=3)

    assert rejection.reason == "request_overtaken"
    assert phrase in rejection.message
    assert rejection.next[0][:3] == ("releasectl", "lock", "status")


def test_a_lock_is_released_once_for_a_request_that_comes_again(site: Site) -> None:
    release = ("lock", "release", "--reason", "never mind", "--yes", "--request-id", "give-it-up")

    first, again = site.client(*release), site.client(*release)

    assert (first.returncode, again.returncode) == (0, 0), again.stderr
    assert again.stdout == first.stdout


def test_a_lock_release_that_comes_again_leaves_the_next_release_alone(site: Site) -> None:
    release = ("lock", "release", "--reason", "never mind", "--yes", "--request-id", "give-it-up")
    assert site.client(*release).returncode == 0
    site.merge("1001", {"releases/1001-fails.sh": FAILS})
    assert site.client("run", "1001", "--with", "1000").returncode == 1

    assert site.client(*release).returncode == 0

    assert site.document("status")["lock_ticket"] == "1001"
