"""Writing files that are whole after a power cut."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from released.adapters.durability import sync_filesystem, write_durably


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


def test_the_file_system_of_a_path_is_flushed(tmp_path: Path) -> None:
    sync_filesystem(tmp_path)


def test_flushing_a_path_that_is_not_there_fails(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        sync_filesystem(tmp_path / "gone")
