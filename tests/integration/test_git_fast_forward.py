"""Moving a checkout forward, and what a crash in the middle of it leaves (real git, killed for real)."""

from __future__ import annotations

import os
import signal
import subprocess
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from released.adapters.git.checkout import Git
from released.adapters.git.locks import remove_stale_locks, wait_for_survivors
from released.domain.errors import StepFailed
from released.domain.ids import Sha
from support.ops_repo import OpsRepo

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

BASE_FILES = {"a-changed": "old a\n", "m-changed": "old m\n", "deleted": "going\n", "kept": "kept\n"}
MERGE_FILES = {
    "a-changed": "new a\n",
    "m-changed": "new m\n",
    "deleted": None,
    "added/script.sh": "#!/bin/sh\necho new\n",
}


class Move:
    """A checkout at ``base`` whose remote has a pull request at ``merge``, fetched."""

    def __init__(self, folder: Path) -> None:
        self.repo = OpsRepo.create(folder, BASE_FILES)
        self.git = Git(self.repo.checkout, "origin", "main")
        self.base = Sha(self.repo.head())
        self.repo.merge_pull_request("1234-change", MERGE_FILES, "change")
        self.merge = self.git.fetch()

    def path(self, name: str) -> Path:
        return self.repo.checkout / name

    def write(self, name: str, content: str, mode: int = 0o644) -> None:
        self.path(name).parent.mkdir(exist_ok=True)
        self.path(name).write_text(content)
        self.path(name).chmod(mode)

    def settle(self) -> bool:
        return self.git.settle_fast_forward(self.base, self.merge)

    def start(self) -> subprocess.Popen[bytes]:
        """Start the fast-forward as the daemon does, but without waiting for it."""
        command = ["git", "-C", str(self.repo.checkout), "merge", "--ff-only", "--quiet", self.merge]
        environment = os.environ | self.git._command._environment
        return subprocess.Popen(command, env=environment, start_new_session=True)

    def stands_at_merge(self) -> bool:
        state = self.git.state()
        return (state.head, state.branch, state.dirty) == (self.merge, "main", ())


@pytest.fixture
def move(tmp_path: Path) -> Move:
    return Move(tmp_path / "ops")


@pytest.fixture
def gate(move: Move, tmp_path: Path) -> Iterator[Path]:
    """A pipe at which git stops in the middle of the fast-forward, while it writes ``m-changed``."""
    pipe = tmp_path / "gate"
    os.mkfifo(pipe)
    (move.repo.checkout / ".git/info").mkdir(exist_ok=True)
    (move.repo.checkout / ".git/info/attributes").write_text("m-changed filter=gate\n")
    move.repo.git("config", "filter.gate.smudge", f"cat {pipe} >/dev/null; cat")
    yield pipe
    move.repo.git("config", "--unset", "filter.gate.smudge")


# --- going forward ----------------------------------------------------------------------------------------------------


def test_the_checkout_stands_at_the_merge_and_is_clean(move: Move) -> None:
    move.git.fast_forward(move.base, move.merge)
    assert move.stands_at_merge()


def test_scripts_stay_executable(move: Move) -> None:
    move.git.fast_forward(move.base, move.merge)
    assert os.access(move.path("added/script.sh"), os.X_OK)


def test_a_checkout_that_is_not_at_its_base_is_not_moved(move: Move) -> None:
    with pytest.raises(StepFailed, match="HEAD is at") as caught:
        move.git.fast_forward(move.merge, move.merge)
    assert (caught.value.code, move.repo.head()) == ("fast_forward_failed", move.base)


def test_a_commit_that_is_no_descendant_is_refused_by_git(move: Move) -> None:
    move.repo.git("commit", "--quiet", "--allow-empty", "-m", "local")
    local = Sha(move.repo.head())
    with pytest.raises(StepFailed, match="Not possible to fast-forward"):
        move.git.fast_forward(local, move.merge)
    assert move.repo.head() == local


def test_a_changed_file_in_the_way_is_kept(move: Move) -> None:
    move.write("a-changed", "a stranger's\n")
    with pytest.raises(StepFailed, match="would be overwritten by merge"):
        move.git.fast_forward(move.base, move.merge)
    assert move.path("a-changed").read_text() == "a stranger's\n"


def test_an_ignored_file_in_the_way_is_kept(move: Move) -> None:
    move.repo.commit({".env": "from git\n"}, "somebody committed .env")
    move.write(".env", "PASSWORD=ours\n")
    with pytest.raises(StepFailed):
        move.git.fast_forward(move.base, move.git.fetch())
    assert (move.path(".env").read_text(), move.repo.head()) == ("PASSWORD=ours\n", move.base)


@pytest.mark.parametrize("option", ["--no-ff", "--squash", "--no-commit", "--autostash", "--verify-signatures"])
def test_merge_options_in_the_repositorys_configuration_change_nothing(move: Move, option: str) -> None:
    move.repo.git("config", "branch.main.mergeOptions", option)
    move.git.fast_forward(move.base, move.merge)
    assert move.stands_at_merge()


# --- settling after a crash -------------------------------------------------------------------------------------------


def test_a_move_that_never_began_is_to_be_done(move: Move) -> None:
    assert move.settle() is False
    assert move.repo.head() == move.base


def test_a_move_that_was_completed_is_done(move: Move) -> None:
    move.git.fast_forward(move.base, move.merge)
    assert move.settle() is True


def lock_only(move: Move) -> None:
    move.path(".git/index.lock").write_bytes(b"")


def some_files(move: Move) -> None:
    lock_only(move)
    move.write("a-changed", "new a\n")
    move.write("added/script.sh", "#!/bin/sh\necho new\n", 0o755)


def half_a_file(move: Move) -> None:
    some_files(move)
    move.write("m-changed", "new")


def an_empty_file(move: Move) -> None:
    some_files(move)
    move.write("m-changed", "")


def a_file_taken_away(move: Move) -> None:
    some_files(move)
    move.path("m-changed").unlink()


def a_file_deleted_by_the_merge(move: Move) -> None:
    some_files(move)
    move.path("deleted").unlink()


def everything_but_the_branch(move: Move) -> None:
    move.repo.git("read-tree", "-m", "-u", move.base, move.merge)
    move.path(".git/HEAD.lock").write_bytes(b"")
    move.path(".git/refs/heads/main.lock").write_bytes(b"")


def files_lost_by_a_power_cut(move: Move) -> None:
    move.git.fast_forward(move.base, move.merge)
    move.write("a-changed", "")
    move.path("added/script.sh").unlink()


@pytest.mark.parametrize(
    "crash",
    [
        some_files,
        half_a_file,
        an_empty_file,
        a_file_taken_away,
        a_file_deleted_by_the_merge,
        everything_but_the_branch,
        files_lost_by_a_power_cut,
    ],
)
def test_a_half_done_move_is_completed(move: Move, crash: Callable[[Move], None]) -> None:
    crash(move)
    assert move.settle() is True
    assert move.stands_at_merge()


def test_a_move_that_left_only_its_lock_is_to_be_done(move: Move) -> None:
    lock_only(move)
    assert move.settle() is False
    move.git.fast_forward(move.base, move.merge)
    assert move.stands_at_merge()


def test_a_move_killed_while_it_wrote_files_is_completed(move: Move, gate: Path) -> None:
    process = move.start()
    with gate.open("wb"):
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    move.repo.git("config", "filter.gate.smudge", "cat")
    assert move.path(".git/index.lock").exists()
    assert move.settle() is True
    assert move.stands_at_merge()


def test_a_move_that_outlived_its_daemon_is_waited_for(move: Move, gate: Path) -> None:
    process = move.start()
    with ThreadPoolExecutor(1) as pool, gate.open("wb"):  # closing the gate lets git go on
        settled = pool.submit(move.settle)
    assert (settled.result(), process.wait()) == (True, 0)
    assert move.stands_at_merge()


def test_a_survivor_that_does_not_end_is_named(move: Move, gate: Path) -> None:
    process = move.start()
    with gate.open("wb"):
        with pytest.raises(StepFailed, match=f"still runs after 0 seconds: pid {process.pid}") as caught:
            wait_for_survivors(move.git._command, timeout_s=0)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    assert caught.value.code == "checkout_in_doubt"


def test_a_lock_is_kept_while_a_strangers_git_works_in_the_checkout(move: Move) -> None:
    lock_only(move)
    with subprocess.Popen(
        ["git", "cat-file", "--batch"],  # noqa: S607 (tests use the git that is found on the path)
        cwd=move.path("."),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as stranger:
        answer_once(stranger, move.base)
        with pytest.raises(StepFailed, match=f"git works in the checkout: pid {stranger.pid}"):
            remove_stale_locks(move.git._command, ["index"], timeout_s=0)
    assert move.path(".git/index.lock").exists()


def answer_once(process: subprocess.Popen[bytes], commit: str) -> None:
    """Wait until the process is git and no longer on its way to be."""
    assert process.stdin
    assert process.stdout
    process.stdin.write(f"{commit}\n".encode())
    process.stdin.flush()
    process.stdout.readline()


# --- a stranger's change ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content", "mode"),
    [
        ("a-changed", "a stranger's\n", 0o644),
        ("a-changed", "new a\nand more\n", 0o644),
        ("a-changed", "new a\n", 0o755),
        ("kept", "changed\n", 0o644),
        ("untracked", "a note\n", 0o644),
        ("added/other", "a note\n", 0o644),
        ("added/script.sh", "#!/bin/sh\necho mine\n", 0o755),
        ("deleted", "changed\n", 0o644),
        ("odd\nname", "a note\n", 0o644),
    ],
)
def test_a_strangers_change_is_named_and_kept(move: Move, name: str, content: str, mode: int) -> None:
    some_files(move)
    move.write(name, content, mode)
    with pytest.raises(StepFailed) as caught:
        move.settle()
    assert caught.value.code == "checkout_in_doubt"
    assert name in caught.value.message
    assert (move.path(name).read_text(), move.repo.head()) == (content, move.base)


def test_a_strangers_symbolic_link_is_named_and_kept(move: Move) -> None:
    some_files(move)
    move.path("a-changed").unlink()
    move.path("a-changed").symlink_to("kept")
    with pytest.raises(StepFailed, match="a-changed"):
        move.settle()
    assert move.path("a-changed").is_symlink()


def test_what_a_stranger_staged_is_named_and_kept(move: Move) -> None:
    move.write("a-changed", "staged\n")
    move.repo.git("add", "a-changed")
    staged = move.repo.git("rev-parse", ":a-changed")
    move.write("a-changed", "new a\n")
    with pytest.raises(StepFailed, match="a-changed"):
        move.settle()
    assert move.repo.git("rev-parse", ":a-changed") == staged


def test_an_ignored_file_where_the_merge_adds_one_is_kept(move: Move) -> None:
    move.repo.commit({".env": "from git\n"}, "somebody committed .env")
    some_files(move)
    move.write(".env", "PASSWORD=ours\n")
    with pytest.raises(StepFailed, match=r"\.env"):
        move.git.settle_fast_forward(move.base, move.git.fetch())
    assert move.path(".env").read_text() == "PASSWORD=ours\n"


def test_a_strangers_change_after_the_move_is_named_and_kept(move: Move) -> None:
    move.git.fast_forward(move.base, move.merge)
    move.write("a-changed", "a stranger's\n")
    with pytest.raises(StepFailed, match="a-changed"):
        move.settle()
    assert move.path("a-changed").read_text() == "a stranger's\n"


def test_a_head_that_somebody_moved_is_not_settled(move: Move) -> None:
    move.repo.git("commit", "--quiet", "--allow-empty", "-m", "local")
    with pytest.raises(StepFailed, match="neither at"):
        move.settle()


def test_a_head_that_somebody_detached_is_not_settled(move: Move) -> None:
    move.repo.git("checkout", "--quiet", "--detach")
    with pytest.raises(StepFailed, match="HEAD is detached"):
        move.settle()


def test_links_that_the_merge_changes_are_settled(move: Move) -> None:
    (move.repo.developer / "link").symlink_to("kept")
    merge = Sha(move.repo.commit({}, "link"))
    move.git.fetch()
    some_files(move)
    move.path("link").symlink_to("kept")
    assert move.git.settle_fast_forward(move.base, merge) is True


def test_a_file_that_becomes_a_folder_is_settled(move: Move) -> None:
    merge = Sha(move.repo.commit({"kept": None, "other": "x"}, "away"))
    merge = Sha(move.repo.commit({"kept/inner": "inner\n"}, "folder"))
    move.git.fetch()
    some_files(move)
    move.path("kept").unlink()
    move.write("kept/inner", "inner\n")
    assert move.git.settle_fast_forward(move.base, merge) is True
    assert move.git.state().dirty == ()
