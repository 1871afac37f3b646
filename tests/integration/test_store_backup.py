"""A copy of the database while it is written to."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

import pytest

from released.store.backup import back_up
from released.store.errors import StoreUnusable
from support.store import REFUSED, STREAM, sqlite_store, write

if TYPE_CHECKING:
    from pathlib import Path


def test_a_copy_holds_what_was_committed_before_it_and_opens_as_a_store(tmp_path: Path) -> None:
    with sqlite_store(tmp_path / "released.db") as store:
        written = store.append([write(STREAM, 0, REFUSED)])
        assert back_up(tmp_path / "released.db", tmp_path / "copy.db") == 1
        store.append([write(STREAM, 1, REFUSED)])

    with sqlite_store(tmp_path / "copy.db") as copy:
        assert copy.read_all() == list(written)


def test_a_copy_can_be_read_by_its_owner_only(tmp_path: Path) -> None:
    with sqlite_store(tmp_path / "released.db"):
        back_up(tmp_path / "released.db", tmp_path / "copy.db")

    assert stat.S_IMODE((tmp_path / "copy.db").stat().st_mode) == 0o600


def test_no_copy_takes_the_place_of_another_file(tmp_path: Path) -> None:
    (tmp_path / "copy.db").write_text("yesterday's")
    with sqlite_store(tmp_path / "released.db"), pytest.raises(StoreUnusable, match="exists already"):
        back_up(tmp_path / "released.db", tmp_path / "copy.db")

    assert (tmp_path / "copy.db").read_text() == "yesterday's"


def test_a_database_that_is_none_leaves_no_copy_behind(tmp_path: Path) -> None:
    (tmp_path / "released.db").write_bytes(b"no database" * 1000)
    with pytest.raises(StoreUnusable, match=r"released\.db could not be copied to .*not a database"):
        back_up(tmp_path / "released.db", tmp_path / "copy.db")

    assert [path.name for path in tmp_path.iterdir()] == ["released.db"]
