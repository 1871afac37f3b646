"""What a revert and the day after ask of git: a commit that restores a tree, commits that are kept, and come back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest

from released.adapters.git.checkout import Git
from released.domain.errors import InvalidInput, Refused
from released.domain.ids import Sha
from support.ops_repo import OpsRepo

if TYPE_CHECKING:
    from pathlib import Path

UNKNOWN = Sha("1" * 40)
AT = datetime(2026, 5, 18, 15, 30, 12, tzinfo=UTC)
MESSAGE = "Take back 1234\n\nGrößer, and\n# no comment\n\nRelease-Revert: 1234\nRestores-Tree: 0123abc"


@pytest.fixture
def repo(tmp_path: Path) -> OpsRepo:
    return OpsRepo.create(tmp_path / "ops", {"keep.txt": "kept\n", "going": "x\n"})


@pytest.fixture
def git(repo: OpsRepo) -> Git:
    return Git(repo.checkout, "origin", "main")


@pytest.fixture
def base(repo: OpsRepo) -> Sha:
    return Sha(repo.head())


@pytest.fixture
def merge(repo: OpsRepo, git: Git, base: Sha) -> Sha:
    """Two pull requests and a plain commit beyond ``base``."""
    repo.merge_pull_request("1234-a", {"a": "1", "keep.txt": "changed\n"}, "a")
    repo.merge_pull_request("1234-b", {"b/run.sh": "#!/bin/sh\n", "going": None}, "b")
    repo.commit({"a": "2"}, "plain")
    tip = git.fetch()
    assert git.is_ancestor(base, tip)
    return tip


# --- the commit that restores a tree ----------------------------------------------------------------------------------


def test_it_has_one_parent_and_exactly_the_earlier_tree(repo: OpsRepo, git: Git, base: Sha, merge: Sha) -> None:
    commit = git.restoring_commit(merge, base, MESSAGE, AT)
    assert repo.git("rev-list", "--parents", "--max-count=1", commit) == f"{commit} {merge}"
    assert git.changed_paths(base, commit) == ()


def test_it_is_ours_and_dated(repo: OpsRepo, git: Git, base: Sha, merge: Sha) -> None:
    commit = git.restoring_commit(merge, base, MESSAGE, AT)
    who = "released <released@localhost> 2026-05-18T15:30:12+00:00"
    assert repo.git("log", "-1", "--format=%an <%ae> %aI|%cn <%ce> %cI", commit) == f"{who}|{who}"


def test_it_says_what_it_was_told_to_say(git: Git, base: Sha, merge: Sha) -> None:
    assert git.message(git.restoring_commit(merge, base, MESSAGE, AT)) == MESSAGE


def test_nothing_moves(repo: OpsRepo, git: Git, base: Sha, merge: Sha) -> None:
    before = (repo.git("for-each-ref"), git.state())
    git.restoring_commit(merge, base, MESSAGE, AT)
    assert (repo.git("for-each-ref"), git.state()) == before


@pytest.mark.parametrize(
    ("key", "value"), [("i18n.commitEncoding", "latin1"), ("user.name", "Mallory"), ("commit.gpgSign", "true")]
)
def test_the_same_arguments_give_the_same_commit_however_git_is_configured(
    repo: OpsRepo, git: Git, base: Sha, merge: Sha, key: str, value: str
) -> None:
    first = git.restoring_commit(merge, base, MESSAGE, AT)
    repo.git("config", key, value)
    elsewhere = AT.astimezone(timezone(timedelta(hours=2)))
    assert git.restoring_commit(merge, base, MESSAGE, elsewhere) == first


def test_no_program_of_the_repository_runs(repo: OpsRepo, git: Git, base: Sha, merge: Sha, canary: Path) -> None:
    repo.git("config", "commit.gpgSign", "true")
    repo.git("config", "gpg.program", str(canary))
    for hook in ("pre-commit", "commit-msg", "reference-transaction"):
        (repo.checkout / ".git/hooks" / hook).symlink_to(canary)
    git.keep(git.restoring_commit(merge, base, MESSAGE, AT), "reverts/1234")


@pytest.mark.parametrize(("parent", "tree_of"), [(UNKNOWN, None), (None, UNKNOWN)])
def test_a_commit_that_is_not_here_makes_none(git: Git, base: Sha, parent: Sha | None, tree_of: Sha | None) -> None:
    with pytest.raises(Refused) as caught:
        git.restoring_commit(parent or base, tree_of or base, MESSAGE, AT)
    assert caught.value.code == "git_failed"


def test_the_checkout_moves_to_it_and_from_there_to_the_remotes_tip(
    repo: OpsRepo, git: Git, base: Sha, merge: Sha
) -> None:
    git.move(base, merge)
    restoring = git.restoring_commit(merge, base, MESSAGE, AT)
    git.move(merge, restoring)
    assert (git.same_tree(restoring, base), git.state().dirty) == (True, ())
    repo.commit({"a": "3"}, "the fix")
    git.move(restoring, tip := git.fetch())
    assert (git.state().head, git.state().dirty) == (tip, ())


def test_commits_with_the_same_files_have_the_same_tree(git: Git, base: Sha, merge: Sha) -> None:
    assert git.same_tree(base, git.restoring_commit(merge, base, MESSAGE, AT))


def test_commits_with_different_files_do_not(git: Git, base: Sha, merge: Sha) -> None:
    assert not git.same_tree(base, merge)


def test_the_tree_of_a_commit_that_is_not_here_is_not_compared(git: Git, base: Sha) -> None:
    with pytest.raises(Refused, match="git rev-parse"):
        git.same_tree(base, UNKNOWN)


# --- keeping ----------------------------------------------------------------------------------------------------------


def test_a_kept_commit_outlives_a_garbage_collection(repo: OpsRepo, git: Git, base: Sha, merge: Sha) -> None:
    kept = git.restoring_commit(merge, base, MESSAGE, AT)
    lost = git.restoring_commit(merge, base, "another", AT)
    git.keep(kept, "reverts/1234")
    repo.git("reflog", "expire", "--expire=now", "--all")
    repo.git("gc", "--quiet", "--prune=now")
    assert (git.has_commit(kept), git.has_commit(lost)) == (True, False)


def _kept(repo: OpsRepo) -> dict[str, str]:
    """List our refs besides what was fetched, each with its commit."""
    lines = repo.git("for-each-ref", "--format=%(refname) %(objectname)", "refs/released/").splitlines()
    found = dict(line.removeprefix("refs/released/").split(" ") for line in lines)
    return {name: commit for name, commit in found.items() if not name.startswith("remote/")}


def test_commits_are_kept_under_the_names_that_are_given(repo: OpsRepo, git: Git, base: Sha, merge: Sha) -> None:
    git.keep(base, "reverts/1234/1")
    git.keep(merge, "reverts/12.a-b_c")
    assert _kept(repo) == {"reverts/1234/1": base, "reverts/12.a-b_c": merge}


def test_keeping_twice_is_harmless(repo: OpsRepo, git: Git, base: Sha) -> None:
    git.keep(base, "reverts/1234")
    git.keep(base, "reverts/1234")
    assert _kept(repo) == {"reverts/1234": base}


def test_the_latest_commit_of_a_name_is_kept(repo: OpsRepo, git: Git, base: Sha, merge: Sha) -> None:
    git.keep(base, "reverts/1234")
    git.keep(merge, "reverts/1234")
    assert _kept(repo) == {"reverts/1234": merge}


def test_a_lock_that_a_killed_git_left_is_no_obstacle(repo: OpsRepo, git: Git, base: Sha) -> None:
    (repo.checkout / ".git/refs/released/reverts").mkdir(parents=True)
    (repo.checkout / ".git/refs/released/reverts/1234.lock").write_bytes(b"")
    git.keep(base, "reverts/1234")
    assert _kept(repo) == {"reverts/1234": base}


def test_a_commit_that_is_not_here_is_not_kept(repo: OpsRepo, git: Git) -> None:
    with pytest.raises(Refused):
        git.keep(UNKNOWN, "reverts/1234")
    assert _kept(repo) == {}


@pytest.mark.parametrize(
    "name",
    ["", "/", "a/", "/a", "a//b", "a..b", "..", "a/../b", ".a", "a/.b", "a.lock", "a.lock/b", "a.", "-x", "a b", "a\n"],
)
def test_a_name_that_cannot_be_used_is_invalid(git: Git, base: Sha, name: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        git.keep(base, name)
    assert caught.value.code == "kept_name_invalid"


@pytest.mark.parametrize("name", ["a*", "a:b", "a@{1}", "a~1", "grün", "remote", "remote/main"])
def test_a_name_that_means_something_else_to_git_or_to_us_is_invalid(git: Git, base: Sha, name: str) -> None:
    with pytest.raises(InvalidInput):
        git.keep(base, name)


def test_a_name_that_only_begins_like_what_is_fetched_is_fine(repo: OpsRepo, git: Git, base: Sha) -> None:
    git.keep(base, "remote-1234/1")
    assert _kept(repo) == {"remote-1234/1": base}


# --- what commits say -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("message", ["one line", "two\nlines", "subject\n\nbody\n\n  indented\n\nKey: value"])
def test_a_message_is_read_whole(git: Git, base: Sha, message: str) -> None:
    assert git.message(git.restoring_commit(base, base, message, AT)) == message


def test_the_message_of_a_commit_that_is_not_here_is_not_read(git: Git) -> None:
    with pytest.raises(Refused):
        git.message(UNKNOWN)


# --- what comes back --------------------------------------------------------------------------------------------------


def subjects(git: Git, bad: tuple[Sha, Sha], deployed: Sha, tip: Sha) -> set[str]:
    return {commit.subject for commit in git.brought_back(*bad, deployed, tip)}


def test_a_tip_on_top_of_the_reverted_commits_brings_all_of_them_back(
    repo: OpsRepo, git: Git, base: Sha, merge: Sha
) -> None:
    repo.commit({"a": "3"}, "the fix")
    expected = {"plain", "Merge 1234-b: b", "b", "Merge 1234-a: a", "a"}
    assert subjects(git, (base, merge), base, git.fetch()) == expected


def test_a_tip_from_before_brings_nothing_back(git: Git, base: Sha, merge: Sha) -> None:
    assert subjects(git, (base, merge), base, base) == set()


def test_what_is_deployed_does_not_come_back(git: Git, base: Sha, merge: Sha) -> None:
    assert subjects(git, (base, merge), merge, merge) == set()


def test_the_part_that_is_not_deployed_comes_back(repo: OpsRepo, git: Git, base: Sha, merge: Sha) -> None:
    second = Sha(repo.git("rev-parse", f"{merge}^1"))
    assert subjects(git, (base, merge), second, merge) == {"plain"}


def test_a_branch_of_a_pull_request_brings_back_what_it_holds(repo: OpsRepo, git: Git, base: Sha, merge: Sha) -> None:
    branch = git.fetch_other("1234-b")
    assert branch
    assert subjects(git, (base, merge), base, branch) == {"b", "Merge 1234-a: a", "a"}
    assert subjects(git, (Sha(repo.git("rev-parse", f"{branch}^1")), merge), base, branch) == {"b"}


def test_one_commit_comes_back_through_another_merge(repo: OpsRepo, git: Git, base: Sha) -> None:
    bad = repo.merge_pull_request("1234-a", {"a": "1"}, "a")
    repo.git("reset", "--quiet", "--hard", base, cwd=repo.developer)
    repo.git("merge", "--quiet", "--no-ff", "-m", "again", "1234-a", cwd=repo.developer)
    repo.git("push", "--quiet", "--force", "origin", "main", f"{bad}:refs/heads/bad", cwd=repo.developer)
    assert git.fetch_other("bad") == bad
    assert subjects(git, (base, Sha(bad)), base, git.fetch()) == {"a"}


def test_a_history_that_was_rewritten_without_them_brings_nothing_back(
    repo: OpsRepo, git: Git, base: Sha, merge: Sha
) -> None:
    repo.git("reset", "--quiet", "--hard", base, cwd=repo.developer)
    repo.git("push", "--quiet", "--force", "origin", "main", cwd=repo.developer)
    repo.commit({"c": "1"}, "anew")
    assert subjects(git, (base, merge), base, git.fetch()) == set()


@pytest.mark.parametrize("bad", [(UNKNOWN, None), (None, UNKNOWN), (UNKNOWN, UNKNOWN)])
def test_commits_that_are_here_no_more_cannot_come_back(
    git: Git, base: Sha, merge: Sha, bad: tuple[Sha | None, Sha | None]
) -> None:
    assert subjects(git, (bad[0] or base, bad[1] or merge), base, merge) == set()


def test_a_tip_that_is_not_here_is_refused(git: Git, base: Sha, merge: Sha) -> None:
    with pytest.raises(Refused):
        git.brought_back(base, merge, base, UNKNOWN)
