"""Going back from a hotfix branch to the configured one (spec: return to main)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from support.hotfix import (
    BRANCH,
    FILTERED,
    break_filter,
    check_out_hotfix,
    commit_here,
    mend_filter,
    merge_hotfix,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.site import Refusal, Site

SCRIPT = "#!/bin/sh\n"
FIX = {"releases/1001-fix.sh": SCRIPT}


@pytest.fixture(name="fixed")
def _fixed(site: Site) -> str:
    """Release ticket 1000 from main and hotfix 1001 from its branch; give the hotfix's commit."""
    site.merge("1000", {"releases/1000-first.sh": SCRIPT})
    assert site.client("run", "1000").returncode == 0
    tip = check_out_hotfix(site, FIX)
    assert site.client("run", "1001", "--allow-branch").returncode == 0
    return tip


@pytest.fixture(name="merged")
def _merged(site: Site, fixed: str) -> str:
    """Merge the hotfix, so that the checkout can go back; give the merge commit."""
    assert fixed
    return merge_hotfix(site)


def refused(site: Site) -> Refusal:
    """Ask to go back, which must be refused, change nothing, and be on record of the environment, once."""
    before, log = site.snapshot(), site.log()
    told = site.told("return-to-main", "--request-id", f"test-{uuid4()}", code=3)
    assert site.snapshot() == before
    [(stream, kind, payload)] = site.log()[len(log) :]
    assert (stream, kind) == (f"environment/{site.name}", "refused")
    assert (json.loads(payload)["command"], json.loads(payload)["code"]) == ("return-to-main", told.reason)
    return told


def stands(site: Site) -> tuple[str, str, str]:
    """Give branch and commit of the checkout, and what is dirty."""
    return site.git("branch", "--show-current"), site.ops.head(), site.git("status", "--porcelain")


# --- the way back ------------------------------------------------------------------------------------------------


def test_the_checkout_goes_back_to_the_tip_of_the_branch(site: Site, merged: str) -> None:
    returned = site.client("return-to-main")

    assert returned.returncode == 0, returned.stderr
    assert returned.stdout.startswith(f"On branch main at {merged[:12]} again, and clean; it was on {BRANCH}.\n")
    assert stands(site) == ("main", merged, "")


def test_a_program_is_told_what_was_left_and_what_is_not_released_yet(site: Site, fixed: str, merged: str) -> None:
    answer = site.document("return-to-main")

    assert (answer["from_branch"], answer["from_sha"], answer["branch"], answer["head"]) == (
        BRANCH,
        fixed,
        "main",
        merged,
    )
    assert answer["deployed_sha"] == fixed
    assert [commit["sha"] for commit in answer["unreleased"]] == [merged]
    assert answer["dirty"] == []


def test_what_the_branch_does_not_ignore_any_more_is_named(site: Site, fixed: str) -> None:
    assert fixed
    commit_here(site, {".gitignore": ".asd/\n.env\n*.tmp\n"})
    assert site.client("run", "1002", "--allow-branch").returncode == 5
    (site.ops.checkout / "left.tmp").touch()
    merge_hotfix(site)
    site.merge("1003", {".gitignore": ".asd/\n.env\n"})

    returned = site.client("return-to-main")

    assert returned.returncode == 1
    assert "again, but not clean; it was on" in returned.stdout
    assert "\n  left.tmp\n" in returned.stdout


@pytest.mark.usefixtures("merged")
def test_a_second_return_has_nothing_to_do(site: Site) -> None:
    assert site.client("return-to-main").returncode == 0

    refusal = refused(site)

    assert refusal.reason == "on_branch_already"
    assert refusal.message == f"There is nothing to do: {site.ops.checkout} is on branch main already."


@pytest.mark.usefixtures("merged")
def test_the_same_request_is_answered_alike_and_goes_back_only_once(site: Site) -> None:
    first = site.client("return-to-main", "--request-id", "back-to-main")
    site.git("switch", "--quiet", BRANCH)

    again = site.client("return-to-main", "--request-id", "back-to-main")

    assert (again.returncode, again.stdout) == (first.returncode, first.stdout)
    assert site.git("branch", "--show-current") == BRANCH


@pytest.mark.usefixtures("fixed")
def test_a_hotfix_that_is_not_merged_is_left_only_with_a_reason(site: Site) -> None:
    refusal = refused(site)
    assert refusal.reason == "hotfix_not_merged"
    assert refusal.next[0][:3] == ("releasectl", "return-to-main", "--reason")

    assert site.client("return-to-main", "--reason", "it was a dead end").returncode == 0

    assert site.git("branch", "--show-current") == "main"


# --- refused before anything is begun ----------------------------------------------------------------------------


def dirty(site: Site) -> None:
    (site.ops.checkout / "notes").touch()


def merging(site: Site) -> None:
    site.git("switch", "--quiet", "--create", "side", "HEAD~1")
    commit_here(site, {"docs/side.md": "side\n"})
    site.git("switch", "--quiet", BRANCH)
    site.git("merge", "--quiet", "--no-commit", "--no-ff", "side")


def detached(site: Site) -> None:
    site.git("switch", "--quiet", "--detach", "HEAD")


def diverged(site: Site) -> None:
    site.git("switch", "--quiet", "main")
    commit_here(site, {"docs/only-here.md": "ours\n"})
    site.git("switch", "--quiet", BRANCH)


def checked_out_elsewhere(site: Site) -> None:
    site.git("worktree", "add", "--quiet", str(site.ops.checkout.parent / "other"), "main")


def ignored_file_in_the_way(site: Site) -> None:
    site.ops.commit({".env": "from git\n"}, "somebody committed .env")
    (site.ops.checkout / ".env").write_text("PASSWORD=ours\n", encoding="utf-8")


@pytest.mark.usefixtures("merged")
@pytest.mark.parametrize(
    ("spoil", "reason", "phrase"),
    [
        (dirty, "working_tree_dirty", "?? notes"),
        (merging, "operation_in_progress", "A merge is in progress"),
        (detached, "detached_head", "is detached at"),
        (diverged, "branch_diverged", "Commit docs/only-here.md by hand"),
        (checked_out_elsewhere, "fast_forward_failed", "main is checked out in"),
        (ignored_file_in_the_way, "files_in_the_way", "\n  .env\n"),
    ],
    ids=lambda value: value.__name__ if callable(value) else None,
)
def test_a_checkout_that_cannot_go_back_is_left_as_it_is(
    site: Site, spoil: Callable[[Site], None], reason: str, phrase: str
) -> None:
    spoil(site)

    refusal = refused(site)

    assert refusal.reason == reason
    assert phrase in refusal.message
    assert refusal.next[0][:2] == ("git", "-C")


@pytest.mark.usefixtures("fixed")
def test_a_checkout_that_a_halted_release_needs_does_not_go_back(site: Site) -> None:
    commit_here(site, {"releases/1005-fails.sh": "#!/bin/sh\nexit 1\n"})
    assert site.client("run", "1005", "--allow-branch").returncode == 1

    refusal = refused(site)

    assert refusal.reason == "environment_busy"
    assert "Ticket 1005 occupies the environment since" in refusal.message
    assert refusal.next[0][:3] == ("releasectl", "status", "1005")


# --- failed all the same -----------------------------------------------------------------------------------------


@pytest.fixture(name="failed")
def _failed(site: Site, merged: str) -> Site:
    """Let a return fail that could not be refused."""
    assert merged
    site.ops.commit(FILTERED, "Filter a file")
    break_filter(site.git)
    told = site.told("return-to-main", "--request-id", "back-to-main", code=1)
    assert told.reason == "return_failed"
    return site


def test_why_a_return_failed_is_told_again_to_who_asks_again_and_by_status(failed: Site) -> None:
    [*_, (_, kind, payload)] = failed.log()
    failure = json.loads(payload)["failure"]

    again = failed.told("return-to-main", "--request-id", "back-to-main", code=1)
    status = failed.document("status")["failed_return"]

    assert kind == "return_ended"
    assert again.message == failure["message"]
    assert (status["from_branch"], status["code"], status["message"]) == (BRANCH, failure["code"], failure["message"])
    assert "smudge filter gone failed" in failed.client("status").stdout


def test_a_return_that_succeeds_later_is_all_that_is_shown(failed: Site) -> None:
    mend_filter(failed.git)
    failed.git("reset", "--quiet", "--hard")
    failed.git("clean", "--quiet", "-d", "--force")

    returned = failed.client("return-to-main")

    assert returned.returncode == 0, returned.stderr
    assert failed.document("status")["failed_return"] is None
