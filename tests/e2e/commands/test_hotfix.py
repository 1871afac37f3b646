"""Releasing a branch that was checked out by hand (spec: prepare, 1; return to main)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.hotfix import BRANCH, check_out_hotfix, commit_here

if TYPE_CHECKING:
    from support.site import Site

SCRIPT = '#!/bin/sh\necho "$0 of $TICKET: $BASE_SHA..$MERGE_SHA"\n'
FIX = {"releases/1001-fix.sh": SCRIPT}


@pytest.fixture(name="deployed")
def _deployed(site: Site) -> str:
    """Release ticket 1000, so that the record knows what is deployed; give that commit."""
    merge = site.merge("1000", {"releases/1000-first.sh": SCRIPT})
    assert site.client("run", "1000").returncode == 0
    return merge


# --- refused -----------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("deployed")
def test_a_hotfix_branch_is_refused_unless_it_is_allowed_and_the_next_commands_say_how(site: Site) -> None:
    check_out_hotfix(site, FIX)

    refusal = site.refuses("run", "1001")

    assert refusal.reason == "wrong_branch"
    assert f"is on branch {BRANCH}" in refusal.message
    assert refusal.next[0][:2] == ("releasectl", "return-to-main")
    assert refusal.next[1][:4] == ("releasectl", "run", "1001", "--allow-branch")


@pytest.mark.usefixtures("deployed")
def test_the_command_that_the_refusal_names_releases_the_branch(site: Site) -> None:
    check_out_hotfix(site, FIX)
    command = site.refuses("run", "1001", "--verify-all").next[1]

    finished = site.client(*command[1:])

    assert command[:5] == ("releasectl", "run", "1001", "--allow-branch", "--verify-all")
    assert finished.returncode == 0, finished.stderr


def test_a_hotfix_is_refused_where_the_record_knows_no_released_commit(site: Site) -> None:
    check_out_hotfix(site, FIX)

    refusal = site.refuses("run", "1001", "--allow-branch")

    assert refusal.reason == "hotfix_base_unknown"
    assert "the record knows none" in refusal.message


def test_a_hotfix_that_is_not_built_on_the_last_released_commit_is_refused(site: Site, deployed: str) -> None:
    site.git("reset", "--quiet", "--hard", f"{deployed}^1")
    check_out_hotfix(site, FIX)

    refusal = site.refuses("run", "1001", "--allow-branch")

    assert refusal.reason == "hotfix_base_unknown"
    assert f"not built on the last released commit ({deployed})" in refusal.message


def test_the_refusal_shows_where_to_find_the_base_and_naming_it_helps(site: Site, deployed: str) -> None:
    site.git("reset", "--quiet", "--hard", f"{deployed}^1")
    base, tip = site.ops.head(), check_out_hotfix(site, FIX)
    looking = site.refuses("run", "1001", "--allow-branch").next[0]
    assert base[:7] in site.git(*looking[1:])

    finished = site.client("run", "1001", "--allow-branch", "--base", base)

    assert finished.returncode == 0, finished.stderr
    assert f"BASE_SHA={base}\nMERGE_SHA={tip}\n" in site.derived("1001", "env")


def test_the_base_may_be_where_the_checkout_stands(site: Site) -> None:
    tip = check_out_hotfix(site, FIX, pushed=True)
    base = site.git("rev-parse", "HEAD^")
    site.git("reset", "--quiet", "--hard", base)

    finished = site.client("run", "1001", "--allow-branch", "--base", base)

    assert finished.returncode == 0, finished.stderr
    assert f"BASE_SHA={base}\nMERGE_SHA={tip}\n" in site.derived("1001", "env")


@pytest.mark.usefixtures("deployed")
def test_a_hotfix_branch_without_a_commit_of_its_own_has_nothing_to_release(site: Site) -> None:
    site.git("switch", "--quiet", "--create", BRANCH)

    refusal = site.refuses("run", "1001", "--allow-branch")

    assert refusal.reason == "nothing_to_release"
    assert refusal.message.startswith(f"already up-to-date with origin/{BRANCH} — nothing to release")


def test_a_hotfix_branch_that_diverged_from_the_remotes_is_refused_with_both_sides(site: Site, deployed: str) -> None:
    theirs = check_out_hotfix(site, FIX, pushed=True)
    site.git("reset", "--quiet", "--hard", deployed)
    ours = commit_here(site, {"docs/ours.md": "ours\n"})

    refusal = site.refuses("run", "1001", "--allow-branch")

    assert refusal.reason == "diverged"
    assert f"only here: {ours[:12]}" in refusal.message
    assert f"only in origin/{BRANCH}: {theirs[:12]}" in refusal.message


# --- released ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pushed", [False, True], ids=["unknown to the remote", "known to the remote"])
def test_a_hotfix_is_counted_from_the_last_released_commit(site: Site, deployed: str, pushed: bool) -> None:  # noqa: FBT001 (a parameter of the test)
    tip = check_out_hotfix(site, FIX, pushed=pushed)

    finished = site.client("run", "1001", "--allow-branch")

    assert finished.returncode == 0, finished.stderr
    assert f"BASE_SHA={deployed}\nMERGE_SHA={tip}\n" in site.derived("1001", "env")
    assert f"1001-fix.sh of 1001: {deployed}..{tip}" in site.client("logs", "1001").stdout


def test_what_the_remotes_branch_has_more_is_released_with_it(site: Site, deployed: str) -> None:
    check_out_hotfix(site, {"docs/first.md": "first\n"})
    tip = commit_here(site, FIX)
    site.git("push", "--quiet", "origin", BRANCH)
    site.git("reset", "--quiet", "--hard", "HEAD^")

    finished = site.client("run", "1001", "--allow-branch")

    assert finished.returncode == 0, finished.stderr
    assert (site.ops.head(), site.git("branch", "--show-current")) == (tip, BRANCH)
    assert f"BASE_SHA={deployed}\n" in site.derived("1001", "env")


@pytest.mark.usefixtures("deployed")
def test_what_was_merged_to_main_meanwhile_is_not_released_with_a_hotfix(site: Site) -> None:
    site.merge("1002", {"releases/1002-later.sh": SCRIPT})
    check_out_hotfix(site, FIX)

    finished = site.client("run", "1001", "--allow-branch")

    assert finished.returncode == 0, finished.stderr
    assert not (site.ops.checkout / "releases/1002-later.sh").exists()


def test_a_second_hotfix_is_counted_from_the_first(site: Site, deployed: str) -> None:
    first = check_out_hotfix(site, FIX)
    assert site.client("run", "1001", "--allow-branch").returncode == 0
    second = commit_here(site, {"releases/1003-again.sh": SCRIPT})

    finished = site.client("run", "1003", "--allow-branch")

    assert finished.returncode == 0, finished.stderr
    assert deployed not in site.derived("1003", "env")
    assert f"BASE_SHA={first}\nMERGE_SHA={second}\n" in site.derived("1003", "env")


# --- on record ---------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("deployed")
def test_the_branch_is_shown_as_an_override_by_plan_and_by_status(site: Site) -> None:
    check_out_hotfix(site, FIX)
    planned = site.document("plan", "1001", "--allow-branch")
    assert site.client("run", "1001", "--allow-branch", "--reason", "the login is broken").returncode == 0

    status = site.document("status", "1001")

    [before], [after] = planned["overrides"], status["overrides"]
    assert (before["kind"], before["detail"]) == ("allow_branch", f"branch {BRANCH} is released")
    assert (after["kind"], after["detail"], after["reason"]) == (
        "allow_branch",
        f"branch {BRANCH} is released",
        "the login is broken",
    )
    assert f"overridden   branch {BRANCH} is released: the login is broken" in site.client("status", "1001").stdout


@pytest.mark.usefixtures("deployed")
def test_a_flag_that_was_not_needed_overrides_nothing(site: Site) -> None:
    site.merge("1004", {"releases/1004-usual.sh": SCRIPT})

    assert site.client("run", "1004", "--allow-branch").returncode == 0

    assert site.document("status", "1004")["overrides"] == []


@pytest.mark.usefixtures("deployed")
def test_the_environment_shows_that_its_checkout_is_on_a_hotfix_branch(site: Site) -> None:
    check_out_hotfix(site, FIX)

    assert f"{BRANCH} {site.ops.head()[:10]}  (releases are made from main)" in site.client("status").stdout
