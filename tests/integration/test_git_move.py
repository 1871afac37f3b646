"""Moving a checkout, forward or sideways, and what a crash in the middle leaves (real git, killed for real)."""

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
    """A checkout at ``base`` whose remote has a pull request at ``merge``, fetched.

    ``sideways``: the checkout has a commit of its own, so that ``merge`` is no descendant of ``base``.
    """

    def __init__(self, folder: Path, *, sideways: bool) -> None:
        self.repo = OpsRepo.create(folder, BASE_FILES)
        self.git = Git(self.repo.checkout, "origin", "main")
        if sideways:
            self.commit("only-here")
        self.base = Sha(self.repo.head())
        self.repo.merge_pull_request("1234-change", MERGE_FILES, "change")
        self.merge = self.git.fetch()

    def path(self, name: str) -> Path:
        return self.repo.checkout / name

    def write(self, name: str, content: str, mode: int = 0o644) -> None:
        self.path(name).parent.mkdir(exist_ok=True)
        self.path(name).write_text(content)
        self.path(name).chmod(mode)

    def commit(self, name: str) -> None:
        """Commit a new file by hand."""
        self.write(name, "by hand\n")
        self.repo.git("add", name)
        self.repo.git("commit", "--quiet", "-m", name)

    def settle(self) -> bool:
        return self.git.settle_move(self.base, self.merge)

    def start(self) -> subprocess.Popen[bytes]:
        """Start the move as the daemon does, but without waiting for it."""
        options = ["--quiet", "--no-track", "--no-overwrite-ignore", "--force-create=main"]
        command = ["git", "-C", str(self.repo.checkout), "switch", *options, self.merge]
        environment = os.environ | self.git._command._environment
        return subprocess.Popen(command, env=environment, start_new_session=True)

    def stands_at_merge(self) -> bool:
        state = self.git.state()
        return (state.head, state.branch, state.dirty) == (self.merge, "main", ())


@pytest.fixture(params=["forward", "sideways"])
def move(request: pytest.FixtureRequest, tmp_path: Path) -> Move:
    return Move(tmp_path / "ops", sideways=request.param == "sideways")


@pytest.fixture
def gate(move: Move, tmp_path: Path) -> Iterator[Path]:
    """A pipe at which git stops in the middle of the move, while it writes ``m-changed``."""
    pipe = tmp_path / "gate"
    os.mkfifo(pipe)
    (move.repo.checkout / ".git/info").mkdir(exist_ok=True)
    (move.repo.checkout / ".git/info/attributes").write_text("m-changed filter=gate\n")
    move.repo.git("config", "filter.gate.smudge", f"cat {pipe} >/dev/null; cat")
    yield pipe
    move.repo.git("config", "--unset", "filter.gate.smudge")


# --- going forward ----------------------------------------------------------------------------------------------------


def test_the_checkout_stands_at_the_merge_and_is_clean(move: Move) -> None:
    move.git.move(move.base, move.merge)
    assert move.stands_at_merge()


def test_scripts_stay_executable(move: Move) -> None:
    move.git.move(move.base, move.merge)
    assert os.access(move.path("added/script.sh"), os.X_OK)


def test_a_checkout_that_is_not_at_its_base_is_not_moved(move: Move) -> None:
    with pytest.raises(StepFailed, match="HEAD is at") as caught:
        move.git.move(move.merge, move.merge)
    assert (caught.value.code, move.repo.head()) == ("fast_forward_failed", move.base)


def test_a_detached_head_is_not_moved(move: Move) -> None:
    move.repo.git("checkout", "--quiet", "--detach")
    with pytest.raises(StepFailed, match=r"expected .* on a branch"):
        move.git.move(move.base, move.merge)
    assert move.repo.head() == move.base


def test_the_branch_that_is_checked_out_is_moved_and_no_other(move: Move) -> None:
    move.repo.git("switch", "--quiet", "--create", "hotfix/1234")
    move.git.move(move.base, move.merge)
    assert (move.git.state().branch, move.repo.git("rev-parse", "main")) == ("hotfix/1234", move.base)


def test_files_that_the_new_commit_lacks_are_gone(tmp_path: Path) -> None:
    move = Move(tmp_path / "ops", sideways=True)
    move.git.move(move.base, move.merge)
    assert not move.path("only-here").exists()


def test_a_move_there_and_back_leaves_what_was_before(move: Move) -> None:
    move.git.move(move.base, move.merge)
    move.git.move(move.merge, move.base)
    assert (move.repo.head(), move.git.state().dirty) == (move.base, ())
    assert move.path("m-changed").read_text() == "old m\n"


def test_a_merge_in_progress_is_kept(move: Move) -> None:
    (move.repo.checkout / ".git/MERGE_HEAD").write_text(f"{move.merge}\n")
    with pytest.raises(StepFailed, match="cannot switch branch while merging"):
        move.git.move(move.base, move.merge)
    assert (move.path(".git/MERGE_HEAD").exists(), move.repo.head()) == (True, move.base)


def test_a_commit_that_somebody_makes_meanwhile_is_named(move: Move, gate: Path) -> None:
    with ThreadPoolExecutor(1) as pool:
        moved = pool.submit(move.git.move, move.base, move.merge)
        with gate.open("wb"):
            tree = f"{move.base}^{{tree}}"
            theirs = move.repo.git("commit-tree", tree, "-p", move.base, "-m", "a stranger's")
            move.repo.git("update-ref", "refs/heads/main", theirs)
        with pytest.raises(StepFailed, match=f"git -C {move.repo.checkout} branch overtaken-{theirs[:12]} {theirs}"):
            moved.result()


def test_a_commit_of_the_move_that_somebody_pulls_meanwhile_is_no_loss(move: Move, gate: Path) -> None:
    with ThreadPoolExecutor(1) as pool:
        moved = pool.submit(move.git.move, move.base, move.merge)
        with gate.open("wb"):
            move.repo.git("update-ref", "refs/heads/main", f"{move.merge}^1")
        moved.result()
    assert move.stands_at_merge()


def test_a_changed_file_in_the_way_is_kept(move: Move) -> None:
    move.write("a-changed", "a stranger's\n")
    with pytest.raises(StepFailed, match="would be overwritten by checkout"):
        move.git.move(move.base, move.merge)
    assert move.path("a-changed").read_text() == "a stranger's\n"


def test_an_ignored_file_in_the_way_is_kept(move: Move) -> None:
    move.repo.commit({".env": "from git\n"}, "somebody committed .env")
    move.write(".env", "PASSWORD=ours\n")
    with pytest.raises(StepFailed):
        move.git.move(move.base, move.git.fetch())
    assert (move.path(".env").read_text(), move.repo.head()) == ("PASSWORD=ours\n", move.base)
    assert move.git.state().dirty == ()


def test_an_ignored_file_where_the_new_commit_has_a_folder_is_kept(move: Move) -> None:
    move.repo.commit({".env/inner": "from git\n"}, "a folder")
    move.write(".env", "PASSWORD=ours\n")
    with pytest.raises(StepFailed, match="would be overwritten"):
        move.git.move(move.base, move.git.fetch())
    assert (move.path(".env").read_text(), move.repo.head()) == ("PASSWORD=ours\n", move.base)


def test_an_ignored_file_in_a_folder_where_the_new_commit_has_a_file_is_kept(move: Move) -> None:
    move.repo.commit({".asd": "from git\n"}, "a file")
    move.write(".asd/workspace", "ours\n")
    with pytest.raises(StepFailed, match=r"would be overwritten|lose untracked files"):
        move.git.move(move.base, move.git.fetch())
    assert (move.path(".asd/workspace").read_text(), move.repo.head()) == ("ours\n", move.base)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("branch.autoSetupMerge", "always"),
        ("branch.autoSetupRebase", "always"),
        ("checkout.defaultRemote", "origin"),
        ("checkout.workers", "4"),
        ("core.logAllRefUpdates", "false"),
        ("submodule.recurse", "true"),
    ],
)
def test_settings_in_the_repositorys_configuration_change_nothing(move: Move, key: str, value: str) -> None:
    move.repo.git("config", key, value)
    before = move.path(".git/config").read_bytes()
    move.git.move(move.base, move.merge)
    assert (move.stands_at_merge(), move.path(".git/config").read_bytes()) == (True, before)


# --- settling after a crash -------------------------------------------------------------------------------------------


def test_a_move_that_never_began_is_to_be_done(move: Move) -> None:
    assert move.settle() is False
    assert move.repo.head() == move.base


def test_a_move_that_was_completed_is_done(move: Move) -> None:
    move.git.move(move.base, move.merge)
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
    move.git.move(move.base, move.merge)
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


def test_a_file_that_the_move_leaves_be_is_not_written_anew_though_it_looks_changed(move: Move) -> None:
    some_files(move)
    os.utime(move.path("kept"), (1, 1))
    before = move.path("kept").stat()
    assert move.settle() is True
    after = move.path("kept").stat()
    assert (after.st_ino, after.st_mtime) == (before.st_ino, before.st_mtime)


def test_a_move_that_left_only_its_lock_is_to_be_done(move: Move) -> None:
    lock_only(move)
    assert move.settle() is False
    move.git.move(move.base, move.merge)
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
        ("added/script.sh", "#!/bin/sh\necho mine\n", 0o755),
        ("deleted", "changed\n", 0o644),
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


@pytest.mark.parametrize("name", ["untracked", "added/other", "odd\nname"])
def test_a_strangers_new_file_is_in_nobodys_way_and_named(move: Move, name: str) -> None:
    some_files(move)
    move.write(name, "a note\n")
    with pytest.raises(StepFailed, match=name) as caught:
        move.settle()
    assert (caught.value.code, move.path(name).read_text()) == ("checkout_in_doubt", "a note\n")
    assert move.repo.head() == move.merge


def test_ignored_files_are_no_strangers_while_the_list_of_them_is_away(move: Move) -> None:
    merge = Sha(move.repo.commit({".gitignore": ".env\n.asd/\nmore\n"}, "ignore more"))
    move.git.fetch()
    move.write(".env", "PASSWORD=ours\n")
    move.path(".gitignore").unlink()
    assert move.git.settle_move(move.base, merge) is True
    assert (move.path(".env").read_text(), move.git.state().dirty) == ("PASSWORD=ours\n", ())


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
        move.git.settle_move(move.base, move.git.fetch())
    assert move.path(".env").read_text() == "PASSWORD=ours\n"


def test_an_ignored_file_where_the_new_commit_adds_a_folder_is_kept(move: Move) -> None:
    move.repo.commit({".env/inner": "from git\n"}, "a folder")
    some_files(move)
    move.write(".env", "PASSWORD=ours\n")
    with pytest.raises(StepFailed, match=r"\.env"):
        move.git.settle_move(move.base, move.git.fetch())
    assert move.path(".env").read_text() == "PASSWORD=ours\n"


def test_an_ignored_link_where_the_new_commit_adds_a_folder_is_kept(move: Move, tmp_path: Path) -> None:
    move.repo.commit({".env/inner": "from git\n"}, "a folder")
    some_files(move)
    (tmp_path / "inner").write_text("from git\n")
    move.path(".env").symlink_to(tmp_path)
    with pytest.raises(StepFailed, match=r"\.env"):
        move.git.settle_move(move.base, move.git.fetch())
    assert move.path(".env").is_symlink()


def test_a_merge_in_progress_is_not_settled_away(move: Move) -> None:
    some_files(move)
    move.path(".git/MERGE_HEAD").write_text(f"{move.merge}\n")
    with pytest.raises(StepFailed, match="cannot switch branch while merging"):
        move.settle()
    assert move.path(".git/MERGE_HEAD").exists()


def test_a_strangers_change_after_the_move_is_named_and_kept(move: Move) -> None:
    move.git.move(move.base, move.merge)
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
    assert move.git.settle_move(move.base, merge) is True


def test_a_file_that_becomes_a_folder_is_settled(move: Move) -> None:
    move.repo.commit({"kept": None, "other": "x"}, "away")
    merge = Sha(move.repo.commit({"kept/inner": "inner\n"}, "folder"))
    move.git.fetch()
    some_files(move)
    move.path("kept").unlink()
    move.write("kept/inner", "inner\n")
    assert move.git.settle_move(move.base, merge) is True
    assert move.git.state().dirty == ()


def test_a_folder_that_becomes_a_file_is_settled(move: Move) -> None:
    folder, file = folder_and_file(move)
    move.git.move(move.base, folder)
    move.write("kept-1", "new\n")
    assert move.git.settle_move(folder, file) is True
    assert (move.path("packages").read_text(), move.git.state().dirty) == ("a file now\n", ())


def test_a_strangers_ignored_file_in_a_folder_that_becomes_a_file_is_named_and_kept(move: Move) -> None:
    folder, file = folder_and_file(move)
    move.git.move(move.base, folder)
    move.write("kept-1", "new\n")
    move.write("packages/.env", "PASSWORD=ours\n")
    with pytest.raises(StepFailed, match="packages"):
        move.git.settle_move(folder, file)
    assert move.path("packages/.env").read_text() == "PASSWORD=ours\n"


def folder_and_file(move: Move) -> tuple[Sha, Sha]:
    """Two commits: ``packages`` is a folder in the first one and a file in the second."""
    folder = move.repo.commit({"packages/web": "web\n", "kept-1": "old\n"}, "folder")
    move.repo.commit({"packages/web": None, "kept-1": "new\n"}, "away")
    (move.repo.developer / "packages").rmdir()
    file = move.repo.commit({"packages": "a file now\n"}, "file")
    move.git.fetch()
    return Sha(folder), Sha(file)
