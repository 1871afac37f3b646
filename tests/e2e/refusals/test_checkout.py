"""A checkout in a state from which nothing is released (spec: prepare, 1 and 2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from support.evidence import Evidence
    from support.site import Site


def test_a_dirty_work_tree_is_refused_with_its_paths_and_who_touched_them(site: Site, evidence: Evidence) -> None:
    """Row 36: a dirty tree."""
    file = site.ops.checkout / "README.md"
    file.write_text("work of a colleague\n", encoding="utf-8")

    refusal = site.refuses("run", "1001")

    assert refusal.reason == "working_tree_dirty"
    assert refusal.text.startswith("[ERROR] Working tree is dirty. ")
    assert f" M README.md  ({file.owner()}, " in refusal.message
    assert refusal.next == (("git", "-C", str(site.ops.checkout), "status"),)
    evidence.fired()


def test_an_untracked_file_makes_the_work_tree_dirty(site: Site) -> None:
    (site.ops.checkout / "packages" / "web" / "notes.txt").write_text("half written\n", encoding="utf-8")

    refusal = site.refuses("run", "1002")

    assert refusal.reason == "working_tree_dirty"
    assert refusal.text.startswith("[ERROR] Working tree is dirty. ")
    assert "?? packages/web/notes.txt" in refusal.message


def test_a_staged_deletion_makes_the_work_tree_dirty(site: Site) -> None:
    site.git("rm", "--quiet", "README.md")

    refusal = site.refuses("run", "1003")

    assert refusal.reason == "working_tree_dirty"
    assert "D  README.md" in refusal.message


def test_a_detached_head_is_refused_with_the_way_back_to_the_branch(site: Site) -> None:
    site.git("checkout", "--quiet", "--detach")

    refusal = site.refuses("run", "1004")

    assert refusal.reason == "detached_head"
    assert site.ops.head() in refusal.message
    assert f"git -C {site.ops.checkout} checkout main" in refusal.message


def test_another_branch_is_refused_and_both_branches_are_named(site: Site) -> None:
    site.git("checkout", "--quiet", "-b", "hotfix/login")

    refusal = site.refuses("run", "1005")

    assert refusal.reason == "wrong_branch"
    assert "is on branch hotfix/login" in refusal.message
    assert f"git -C {site.ops.checkout} checkout main" in refusal.message


def test_a_merge_in_progress_is_refused_before_its_conflicts_are_called_dirt(site: Site) -> None:
    _divergent_branch(site)
    _fails(site, "merge", "theirs")

    refusal = site.refuses("run", "1006")

    assert refusal.reason == "operation_in_progress"
    assert "A merge is in progress" in refusal.message
    assert f"git -C {site.ops.checkout} merge --abort" in refusal.message


def test_a_rebase_in_progress_is_refused_before_its_detached_head_is(site: Site) -> None:
    _divergent_branch(site)
    _fails(site, "rebase", "theirs")

    refusal = site.refuses("run", "1007")

    assert refusal.reason == "operation_in_progress"
    assert "A rebase is in progress" in refusal.message
    assert f"git -C {site.ops.checkout} rebase --abort" in refusal.message


def test_a_bisection_in_progress_is_refused_with_the_command_that_ends_it(site: Site) -> None:
    site.git("bisect", "start")

    refusal = site.refuses("run", "1008")

    assert refusal.reason == "operation_in_progress"
    assert f"git -C {site.ops.checkout} bisect reset" in refusal.message


def test_a_checkout_that_has_diverged_is_refused_with_the_commits_of_both_sides(site: Site, evidence: Evidence) -> None:
    """Row 36: commits on both sides, so that nothing can be fast-forwarded."""
    theirs = site.merge("1009", {"docs/theirs.md": "merged\n"})
    _commit_here(site, "docs/ours.md", "Quick fix on production")
    ours = site.ops.head()

    refusal = site.refuses("run", "1009")

    assert refusal.reason == "diverged"
    assert f"only here: {ours[:12]} Quick fix on production (Dana Developer)" in refusal.message
    assert f"only in origin/main: {theirs[:12]} Merge ticket-1009: Ticket 1009 (Dana Developer)" in refusal.message
    evidence.fired()


def test_a_remote_that_is_gone_is_refused_in_the_words_of_git(site: Site) -> None:
    site.ops.origin.rename(site.ops.origin.with_name("moved-away.git"))

    refusal = site.refuses("run", "1010")

    assert refusal.reason == "fetch_failed"
    assert "does not appear to be a git repository" in refusal.message
    assert refusal.next == (("git", "-C", str(site.ops.checkout), "fetch", "origin", "main"),)


def test_a_remote_that_the_checkout_does_not_know_is_refused_with_the_command_that_adds_it(site: Site) -> None:
    site.git("remote", "remove", "origin")

    refusal = site.refuses("run", "1011")

    assert refusal.reason == "remote_unknown"
    assert f"git -C {site.ops.checkout} remote add origin URL" in refusal.message


def test_a_branch_that_the_remote_lost_is_refused_in_the_words_of_git(site: Site, evidence: Evidence) -> None:
    """Row 36: a branch that was deleted."""
    site.ops.git("branch", "--move", "main", "trunk", cwd=site.ops.origin)

    refusal = site.refuses("run", "1012")

    assert refusal.reason == "fetch_failed"
    assert "couldn't find remote ref refs/heads/main" in refusal.message
    evidence.fired()


def test_a_checkout_that_is_gone_is_refused_and_named(site: Site) -> None:
    moved = site.ops.checkout.rename(site.ops.checkout.with_name("moved-away"))

    answer = site.client("run", "1013")

    moved.rename(site.ops.checkout)
    assert answer.returncode == 3
    assert answer.stderr.startswith(f"[ERROR] The checkout {site.ops.checkout} ")


def _divergent_branch(site: Site) -> None:
    """Change one line on a branch ``theirs`` and otherwise on ``main``, so that neither takes the other."""
    site.git("checkout", "--quiet", "-b", "theirs")
    _commit_here(site, "README.md", "Their words")
    site.git("checkout", "--quiet", "main")
    _commit_here(site, "README.md", "Our words")


def _commit_here(site: Site, path: str, message: str) -> None:
    file = site.ops.checkout / path
    file.parent.mkdir(exist_ok=True)
    file.write_text(f"{message}\n", encoding="utf-8")
    site.git("add", path)
    site.git("commit", "--quiet", "-m", message)


def _fails(site: Site, *arguments: str) -> None:
    with pytest.raises(AssertionError):
        site.git(*arguments)
