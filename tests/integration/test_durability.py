"""Writing files that are whole after a power cut."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from released.adapters.durability import remove_leftovers, rewrite_durably, sync_filesystem, write_durably

DOOMED = """
import os, sys
from pathlib import Path
from released.adapters.durability import write_durably

os.fsync = lambda _: os.kill(os.getpid(), 9)
write_durably(Path(sys.argv[1]), b"new")
"""
"""A program that is killed while it replaces a file."""


def test_a_file_is_written_with_its_mode_whatever_the_umask(tmp_path: Path) -> None:
    previous = os.umask(0o077)
    try:
        write_durably(tmp_path / "file", b"content", 0o664)
    finally:
        os.umask(previous)
    facts = (tmp_path / "file").stat()
    assert ((tmp_path / "file").read_bytes(), stat.S_IMODE(facts.st_mode)) == (b"content", 0o664)


def test_a_file_is_replaced_and_not_written_over(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"old")
    with (tmp_path / "file").open("rb") as reader:
        write_durably(tmp_path / "file", b"new")
        assert (reader.read(), (tmp_path / "file").read_bytes()) == (b"old", b"new")


def test_a_link_is_replaced_and_its_target_kept(tmp_path: Path) -> None:
    (tmp_path / "target").write_bytes(b"kept")
    (tmp_path / "file").symlink_to("target")
    write_durably(tmp_path / "file", b"new")
    assert (tmp_path / "target").read_bytes() == b"kept"


def test_a_write_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "file").mkdir()
    with pytest.raises(OSError, match="directory"):
        write_durably(tmp_path / "file", b"new")
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


def test_what_a_killed_process_left_of_a_new_file_is_removed_and_nothing_else(tmp_path: Path) -> None:
    for name in ("1234.env", ".lock", ".1234.env.swp", ".notes.tmp"):
        (tmp_path / name).write_bytes(b"old")
    before = set(tmp_path.iterdir())
    killed = subprocess.run([sys.executable, "-c", DOOMED, tmp_path / "1234.env"], check=False)
    left = set(tmp_path.iterdir()) - before

    remove_leftovers(tmp_path)

    assert (killed.returncode, len(left)) == (-signal.SIGKILL, 1)
    assert set(tmp_path.iterdir()) == before
    assert (tmp_path / "1234.env").read_bytes() == b"old"


# --- files that belong to somebody -----------------------------------------------------------------------------------


@pytest.fixture(name="scratch")
def _scratch(tmp_path: Path) -> Path:
    folder = tmp_path / "scratch"
    folder.mkdir()
    return folder


def test_a_link_to_a_rewritten_file_stays_a_link(tmp_path: Path, scratch: Path) -> None:
    (tmp_path / "target").write_bytes(b"old")
    (tmp_path / "file").symlink_to("target")
    rewrite_durably(tmp_path / "file", b"new", scratch)
    assert ((tmp_path / "file").is_symlink(), (tmp_path / "target").read_bytes()) == (True, b"new")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_rewritten_file_keeps_its_owner_group_and_mode(tmp_path: Path, scratch: Path) -> None:
    (tmp_path / "file").write_bytes(b"old")
    os.chown(tmp_path / "file", 1234, 2345)
    (tmp_path / "file").chmod(0o640)
    rewrite_durably(tmp_path / "file", b"new", scratch)
    facts = (tmp_path / "file").stat()
    assert (facts.st_uid, facts.st_gid, stat.S_IMODE(facts.st_mode)) == (1234, 2345, 0o640)


def test_a_file_that_is_made_is_for_its_owner_alone(tmp_path: Path, scratch: Path) -> None:
    rewrite_durably(tmp_path / "file", b"new", scratch)
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o600


def test_what_a_killed_rewriting_left_is_only_in_the_scratch_folder_and_is_taken_away(
    tmp_path: Path, scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: object) -> None:
        os._exit(9)

    (tmp_path / "file").write_bytes(b"old")
    child = os.fork()
    if child == 0:
        monkeypatch.setattr(Path, "replace", die)
        try:
            rewrite_durably(tmp_path / "file", b"new", scratch)
        finally:
            os._exit(8)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["file", "scratch"]
    assert len(list(scratch.iterdir())) == 1
    rewrite_durably(tmp_path / "file", b"new", scratch)
    assert (list(scratch.iterdir()), (tmp_path / "file").read_bytes()) == ([], b"new")


# --- file systems -----------------------------------------------------------------------------------------------------


def test_the_file_system_of_a_path_is_flushed(tmp_path: Path) -> None:
    sync_filesystem(tmp_path)


def test_flushing_a_path_that_is_not_there_fails(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        sync_filesystem(tmp_path / "gone")
