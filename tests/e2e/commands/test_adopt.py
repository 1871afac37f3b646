"""Taking in a release that was done by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.hotfix import check_out_hotfix

if TYPE_CHECKING:
    from support.site import Site

SCRIPT = "#!/bin/sh\n"
UNKNOWN = "f" * 40


@pytest.fixture(name="base")
def _base(site: Site) -> str:
    return site.ops.head()


@pytest.fixture(name="by_hand")
def _by_hand(site: Site, base: str) -> str:
    """Release ticket 1000 by hand; give its merge commit."""
    assert base
    return released_by_hand(site, "1000")


def released_by_hand(site: Site, ticket: str) -> str:
    merge = site.merge(ticket, {f"releases/{ticket}-script.sh": SCRIPT})
    site.git("pull", "--quiet", "--ff-only")
    return merge


def adopting(ticket: str, base: str, merge: str) -> tuple[str, ...]:
    return ("adopt", ticket, "--base", base, "--merge", merge, "--reason", "the daemon was down")


# --- taken in ----------------------------------------------------------------------------------------------------


def test_a_release_by_hand_is_on_record_as_what_it_was(site: Site, base: str, by_hand: str) -> None:
    adopted = site.client(*adopting("1000", base, by_hand))

    assert (adopted.returncode, adopted.stdout) == (
        0,
        "Ticket 1000 is on record as released by hand (run 1).\n",
    )
    assert f"BASE_SHA={base}\nMERGE_SHA={by_hand}\n" in site.derived("1000", "env")


def test_its_status_shows_no_phase_as_if_it_were_still_to_come(site: Site, base: str, by_hand: str) -> None:
    assert site.client(*adopting("1000", base, by_hand)).returncode == 0

    status = site.document("status", "1000")

    assert (status["summary"]["state"], status["phases"]) == ("released", [])
    assert [(one["kind"], one["reason"]) for one in status["overrides"]] == [("adopted", "the daemon was down")]
    assert "none: released by hand" in site.client("status", "1000").stdout


def test_the_next_release_is_counted_from_it(site: Site, base: str, by_hand: str) -> None:
    assert site.client(*adopting("1000", base, by_hand)).returncode == 0
    merge = site.merge("1001", {"releases/1001-next.sh": SCRIPT})

    assert site.client("run", "1001").returncode == 0

    assert f"BASE_SHA={by_hand}\nMERGE_SHA={merge}\n" in site.derived("1001", "env")


def test_the_same_request_is_taken_once(site: Site, base: str, by_hand: str) -> None:
    first, again = (site.document(*adopting("1000", base, by_hand), "--request-id", "take-it-in") for _ in range(2))

    assert first == again


# --- an older release --------------------------------------------------------------------------------------------


@pytest.fixture(name="latest")
def _latest(site: Site, base: str, by_hand: str) -> str:
    """Release ticket 1001 after the one by hand, and take that in only then; give the commit that is deployed."""
    merge = site.merge("1001", {"releases/1001-next.sh": SCRIPT})
    assert site.client("run", "1001").returncode == 0
    assert site.client(*adopting("1000", base, by_hand)).returncode == 0
    return merge


def test_an_older_release_that_is_taken_in_does_not_hide_what_is_deployed(site: Site, latest: str) -> None:
    tip = check_out_hotfix(site, {"releases/1002-fix.sh": SCRIPT})

    assert site.client("run", "1002", "--allow-branch").returncode == 0

    assert f"BASE_SHA={latest}\nMERGE_SHA={tip}\n" in site.derived("1002", "env")


@pytest.mark.usefixtures("latest")
def test_nobody_is_said_to_have_pulled_by_hand_because_an_older_release_was_taken_in(site: Site, by_hand: str) -> None:
    refusal = site.refuses("run", "1003")

    assert refusal.reason == "nothing_to_release"
    assert by_hand not in refusal.message


def test_two_releases_by_hand_are_taken_in_in_any_order(site: Site, base: str, by_hand: str) -> None:
    later = released_by_hand(site, "1001")
    assert site.client(*adopting("1001", by_hand, later)).returncode == 0
    assert site.client(*adopting("1000", base, by_hand)).returncode == 0
    tip = check_out_hotfix(site, {"releases/1002-fix.sh": SCRIPT})

    assert site.client("run", "1002", "--allow-branch").returncode == 0

    assert f"BASE_SHA={later}\nMERGE_SHA={tip}\n" in site.derived("1002", "env")


def test_what_stands_below_a_release_by_hand_is_told_to_be_mended_and_no_revert_is_offered(site: Site) -> None:
    site.merge("999", {"releases/999-script.sh": SCRIPT})
    assert site.client("run", "999").returncode == 0
    base = site.ops.head()
    assert site.client(*adopting("1000", base, released_by_hand(site, "1000"))).returncode == 0

    refusal = site.refuses("revert", "999", "--yes")

    assert refusal.reason == "later_releases"
    assert "not to be taken back: 1000. Release a fix instead." in refusal.message
    assert refusal.next == ()


# --- refused -----------------------------------------------------------------------------------------------------


def test_a_commit_that_is_not_here_is_refused(site: Site, base: str) -> None:
    refusal = site.refuses(*adopting("1000", base, UNKNOWN))

    assert refusal.reason == "commit_unknown"
    assert f"has no commit {UNKNOWN}" in refusal.message
    assert refusal.next[0][:2] == ("git", "-C")


def test_commits_in_the_wrong_order_are_refused(site: Site, base: str, by_hand: str) -> None:
    refusal = site.refuses(*adopting("1000", by_hand, base))

    assert refusal.reason == "not_on_the_way"
    assert f"{by_hand} is not an ancestor of {base}" in refusal.message


def test_a_commit_that_the_checkout_has_not_reached_is_refused(site: Site, base: str, by_hand: str) -> None:
    site.git("reset", "--quiet", "--hard", base)

    refusal = site.refuses(*adopting("1000", base, by_hand))

    assert refusal.reason == "not_on_the_way"
    assert f"{by_hand} is not an ancestor of {base}" in refusal.message


def test_a_range_without_a_commit_is_refused(site: Site, by_hand: str) -> None:
    assert site.refuses(*adopting("1000", by_hand, by_hand)).reason == "same_commit"


def test_a_ticket_that_is_released_already_is_refused(site: Site, base: str, by_hand: str) -> None:
    assert site.client(*adopting("1000", base, by_hand)).returncode == 0

    assert site.refuses(*adopting("1000", base, by_hand)).reason == "already_released"


def test_what_is_no_full_commit_id_is_wrong_usage(site: Site, base: str) -> None:
    rejection = site.rejects(*adopting("1000", base, "HEAD"))

    assert "'HEAD' is not a commit" in rejection.message
