"""Returning from a hotfix branch, and what a crash in the middle leaves (real git, killed for real)."""

from __future__ import annotations

import os
import signal
import subprocess
from typing import TYPE_CHECKING

import pytest

from released.adapters.git.checkout import Git
from released.adapters.git.records import CheckoutState
from released.domain.errors import Refused, StepFailed
from released.domain.ids import Sha
from support.ops_repo import OpsRepo

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FILES = {"changed": "main\n", "m-changed": "main\n", "deleted": "going\n"}
TARGET_FILES = {"changed": "target\n", "m-changed": "target\n", "deleted": None, "added/file": "target\n"}


class Return:
    """A checkout on ``hotfix/1`` at ``head``, one commit ahead of ``main``; the remote's ``main`` is at ``target``."""

    def __init__(self, folder: Path) -> None:
        self.repo = OpsRepo.create(folder, FILES)
        self.git = Git(self.repo.checkout, "origin", "main")
        self.main = Sha(self.repo.head())
        self.repo.git("switch", "--quiet", "--create", "hotfix/1")
        self.head = self.commit("changed", "hotfix\n")
        self.repo.merge_pull_request("1234-change", TARGET_FILES, "change")
        self.target = self.git.fetch()

    def commit(self, name: str, content: str) -> Sha:
        """Commit a file by hand in the checkout."""
        self.write(name, content)
        self.repo.git("add", name)
        self.repo.git("commit", "--quiet", "-m", f"{name}: {content.strip()}")
        return Sha(self.repo.head())

    def path(self, name: str) -> Path:
        return self.repo.checkout / name

    def write(self, name: str, content: str) -> None:
        self.path(name).parent.mkdir(exist_ok=True)
        self.path(name).write_text(content)

    def make(self) -> None:
        self.git.return_to_branch(self.head, self.target)

    def settle(self) -> bool:
        return self.git.settle_return(self.head, self.target)

    def branches(self) -> dict[str, str]:
        listing = self.repo.git("for-each-ref", "--format=%(refname:lstrip=2) %(objectname)", "refs/heads")
        return dict(line.split(" ") for line in listing.splitlines())

    def is_made(self) -> bool:
        at_target = self.git.state() == CheckoutState(self.target, "main", (), None)
        return at_target and self.branches() == {"main": self.target, "hotfix/1": self.head}

    def is_untouched(self) -> bool:
        at_head = self.git.state() == CheckoutState(self.head, "hotfix/1", (), None)
        return at_head and self.branches() == {"main": self.main, "hotfix/1": self.head}


@pytest.fixture
def back(tmp_path: Path) -> Return:
    return Return(tmp_path / "ops")


# --- returning --------------------------------------------------------------------------------------------------------


def test_the_branch_is_checked_out_and_fast_forwarded(back: Return) -> None:
    back.make()
    assert back.is_made()


def test_a_branch_that_is_missing_is_made(back: Return) -> None:
    back.repo.git("branch", "--quiet", "--delete", "--force", "main")
    back.make()
    assert back.is_made()


def test_a_branch_that_is_made_follows_nothing_and_no_configuration_is_written(back: Return) -> None:
    back.repo.git("branch", "--quiet", "--delete", "--force", "main")
    back.repo.git("config", "branch.autoSetupMerge", "always")
    before = back.path(".git/config").read_bytes()
    back.make()
    assert back.path(".git/config").read_bytes() == before


def test_a_branch_that_is_at_the_target_already_is_checked_out(back: Return) -> None:
    back.repo.git("branch", "--force", "main", back.target)
    back.make()
    assert back.is_made()


def test_a_hotfix_branch_that_stands_at_the_target_is_left(back: Return) -> None:
    back.git.return_to_branch(back.head, back.main)
    back.repo.git("switch", "--quiet", "--create", "hotfix/2")
    back.git.return_to_branch(back.main, back.main)
    assert back.git.state() == CheckoutState(back.main, "main", (), None)


def test_commits_that_only_the_branch_has_are_named_and_kept(back: Return) -> None:
    back.repo.git("switch", "--quiet", "main")
    local = back.commit("changed", "local\n")
    back.repo.git("switch", "--quiet", "hotfix/1")
    with pytest.raises(StepFailed, match=f"lacks:\n  {local[:12]} changed: local") as caught:
        back.make()
    assert (caught.value.code, back.branches()["main"]) == ("branch_diverged", local)
    assert back.git.state().branch == "hotfix/1"


def test_the_commits_that_the_refusal_names_are_shown_by_the_command_that_it_names(back: Return) -> None:
    back.repo.git("switch", "--quiet", "main")
    local = back.commit("changed", "local\n")
    with pytest.raises(StepFailed) as caught:
        back.settle()
    assert f"commit {local}" in back.repo.git(*caught.value.next_commands[0].argv[1:])


def test_a_head_that_is_elsewhere_is_left_there(back: Return) -> None:
    with pytest.raises(StepFailed, match=f"HEAD is at {back.head} on hotfix/1, expected {back.main}") as caught:
        back.git.return_to_branch(back.main, back.target)
    assert (caught.value.code, back.is_untouched()) == ("fast_forward_failed", True)


@pytest.mark.parametrize("name", ["changed", "added/file"])
def test_a_file_in_the_way_is_kept(back: Return, name: str) -> None:
    back.write(name, "a stranger's\n")
    with pytest.raises(StepFailed, match="would be overwritten") as caught:
        back.make()
    assert (caught.value.code, back.path(name).read_text()) == ("fast_forward_failed", "a stranger's\n")
    assert back.branches() == {"main": back.main, "hotfix/1": back.head}


def test_an_ignored_file_in_the_way_is_kept(back: Return) -> None:
    back.repo.commit({".env": "from git\n"}, "somebody committed .env")
    back.write(".env", "PASSWORD=ours\n")
    with pytest.raises(StepFailed, match="would be overwritten"):
        back.git.return_to_branch(back.head, back.git.fetch())
    assert (back.path(".env").read_text(), back.is_untouched()) == ("PASSWORD=ours\n", True)


def test_a_branch_that_another_work_tree_has_checked_out_is_left_to_it(back: Return, tmp_path: Path) -> None:
    back.repo.git("worktree", "add", "--quiet", str(tmp_path / "other"), "main")
    with pytest.raises(StepFailed, match=f"main is checked out in {tmp_path}/other"):
        back.make()
    assert back.is_untouched()


# --- judging before ---------------------------------------------------------------------------------------------------


def test_a_return_that_can_be_made_is_admitted_and_nothing_changes(back: Return) -> None:
    back.git.admit_return(back.head, back.target)
    assert back.is_untouched()


def test_a_branch_with_commits_of_its_own_is_refused_before(back: Return) -> None:
    back.repo.git("switch", "--quiet", "main")
    local = back.commit("changed", "local\n")
    back.repo.git("switch", "--quiet", "hotfix/1")
    with pytest.raises(Refused, match=f"lacks:\n  {local[:12]} changed: local") as caught:
        back.git.admit_return(back.head, back.target)
    assert caught.value.code == "branch_diverged"


def test_an_ignored_file_in_the_way_is_named_before(back: Return) -> None:
    back.repo.commit({".env": "from git\n"}, "somebody committed .env")
    back.write(".env", "PASSWORD=ours\n")
    with pytest.raises(Refused, match=r"which git ignores:\n  \.env\n") as caught:
        back.git.admit_return(back.head, back.git.fetch())
    assert caught.value.code == "files_in_the_way"


# --- settling after a crash -------------------------------------------------------------------------------------------


def test_a_return_that_never_began_is_to_be_done(back: Return) -> None:
    assert (back.settle(), back.is_untouched()) == (False, True)


def test_a_return_that_was_completed_is_done(back: Return) -> None:
    back.make()
    assert (back.settle(), back.is_made()) == (True, True)


def test_a_return_that_left_only_its_lock_is_to_be_done(back: Return) -> None:
    lock_only(back)
    assert back.settle() is False
    back.make()
    assert back.is_made()


def lock_only(back: Return) -> None:
    back.path(".git/index.lock").write_bytes(b"")


def some_files(back: Return) -> None:
    lock_only(back)
    back.path("deleted").unlink()
    back.write("added/file", "target\n")
    back.write("changed", "tar")


def all_files(back: Return) -> None:
    back.repo.git("read-tree", "-m", "-u", back.head, back.target)


def a_lock_of_the_branch(back: Return) -> None:
    all_files(back)
    back.path(".git/refs/heads/main.lock").write_bytes(b"")


def everything_but_head(back: Return) -> None:
    all_files(back)
    back.repo.git("update-ref", "refs/heads/main", back.target)
    back.path(".git/HEAD.lock").write_bytes(b"")


def everything_but_head_and_a_new_branch(back: Return) -> None:
    back.repo.git("branch", "--quiet", "--delete", "--force", "main")
    everything_but_head(back)


def files_lost_by_a_power_cut(back: Return) -> None:
    back.make()
    back.write("changed", "")
    back.path("added/file").unlink()


@pytest.mark.parametrize(
    "crash",
    [
        some_files,
        all_files,
        a_lock_of_the_branch,
        everything_but_head,
        everything_but_head_and_a_new_branch,
        files_lost_by_a_power_cut,
    ],
)
def test_a_half_done_return_is_completed(back: Return, crash: Callable[[Return], None]) -> None:
    crash(back)
    assert (back.settle(), back.is_made()) == (True, True)


def test_a_return_of_which_only_the_branch_moved_is_to_be_done(back: Return) -> None:
    back.repo.git("update-ref", "refs/heads/main", back.target)
    assert back.settle() is False
    back.make()
    assert back.is_made()


def test_a_return_killed_while_it_wrote_files_is_completed(back: Return, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    back.path(".git/info/attributes").write_text("m-changed filter=gate\n")
    back.repo.git("config", "filter.gate.smudge", f"cat {gate} >/dev/null; cat")
    process = start(back)
    with gate.open("wb"):
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    back.repo.git("config", "--unset", "filter.gate.smudge")
    assert back.path(".git/index.lock").exists()
    assert (back.settle(), back.is_made()) == (True, True)


def start(back: Return) -> subprocess.Popen[bytes]:
    """Start the return as the daemon does, but without waiting for it."""
    options = ["--quiet", "--no-track", "--no-overwrite-ignore", "--force-create=main"]
    command = ["git", "-C", str(back.repo.checkout), "switch", *options, back.target]
    environment = os.environ | back.git._command._environment
    return subprocess.Popen(command, env=environment, start_new_session=True)


# --- a stranger's change ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "content"), [("changed", "a stranger's\n"), ("README.md", "changed\n")])
def test_a_strangers_change_is_named_and_kept(back: Return, name: str, content: str) -> None:
    some_files(back)
    back.write(name, content)
    with pytest.raises(StepFailed, match=name) as caught:
        back.settle()
    assert (caught.value.code, back.path(name).read_text()) == ("checkout_in_doubt", content)
    assert back.branches() == {"main": back.main, "hotfix/1": back.head}


def test_an_ignored_file_where_the_target_adds_one_is_kept(back: Return) -> None:
    back.repo.commit({".env": "from git\n"}, "somebody committed .env")
    some_files(back)
    back.write(".env", "PASSWORD=ours\n")
    with pytest.raises(StepFailed, match=r"\.env"):
        back.git.settle_return(back.head, back.git.fetch())
    assert back.path(".env").read_text() == "PASSWORD=ours\n"


def test_a_commit_that_somebody_put_on_the_branch_meanwhile_is_kept(back: Return) -> None:
    some_files(back)
    theirs = back.repo.git("commit-tree", f"{back.main}^{{tree}}", "-p", back.main, "-m", "a stranger's")
    back.repo.git("update-ref", "refs/heads/main", theirs)
    with pytest.raises(StepFailed, match="a stranger's") as caught:
        back.settle()
    assert (caught.value.code, back.branches()["main"]) == ("branch_diverged", theirs)


def test_a_hotfix_branch_that_somebody_moved_is_not_settled(back: Return) -> None:
    back.commit("README.md", "one more fix\n")
    with pytest.raises(StepFailed, match="neither at") as caught:
        back.settle()
    assert caught.value.code == "checkout_in_doubt"


def test_a_branch_that_is_at_the_target_but_not_the_configured_one_is_in_doubt(back: Return) -> None:
    back.repo.git("switch", "--quiet", "--create", "other", back.target)
    with pytest.raises(StepFailed, match=f"HEAD is at {back.target} on other"):
        back.settle()
