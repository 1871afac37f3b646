"""The derived files of tickets where they cannot be written, or must not be."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

import pytest

from released.adapters.durability import write_durably
from released.domain.releases.ticket_files import render_log
from released.engine import ticket_files
from released.engine.ticket_files import TicketFiles
from support.store import STREAM, sqlite_store, whole_release, write

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from released.store.event_store import EventStore

OTHER = STREAM.replace("1234", "1300")


@pytest.fixture(name="store")
def _store(tmp_path: Path) -> Iterator[EventStore]:
    """Give a store with the same release of two tickets, 1234 and 1300."""
    with sqlite_store(tmp_path / "released.db") as opened:
        for stream in (STREAM, OTHER):
            opened.append([write(stream, 0, *whole_release())])
        yield opened


@pytest.fixture(name="checkout")
def _checkout(tmp_path: Path) -> Path:
    (tmp_path / "ops" / ".git").mkdir(parents=True)
    return tmp_path / "ops"


@pytest.fixture(name="files")
def _files(store: EventStore, checkout: Path) -> TicketFiles:
    return TicketFiles(store, "prod", checkout, ".asd/workspace")


@pytest.fixture(name="folder")
def _folder(checkout: Path) -> Path:
    folder = checkout / ".asd" / "workspace" / "releases"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture(name="refresh", params=["start", "event"])
def _refresh(request: pytest.FixtureRequest, files: TicketFiles, store: EventStore) -> Callable[[], None]:
    """Give what the daemon calls when it starts, and what it calls after events."""
    return files.restore_missing if request.param == "start" else lambda: files(store.read_all(0, 1000))


@pytest.mark.parametrize("spoilt", ["missing", "a file"])
def test_where_there_is_no_folder_there_is_nothing_to_clean_up(files: TicketFiles, checkout: Path, spoilt: str) -> None:
    if spoilt == "a file":
        (checkout / ".asd").write_bytes(b"")

    files.clean_up()


def test_nothing_is_made_in_the_mount_point_of_a_checkout_that_is_not_mounted(
    refresh: Callable[[], None], checkout: Path
) -> None:
    (checkout / ".git").rmdir()
    refresh()
    assert list(checkout.iterdir()) == []


def test_a_checkout_that_is_not_there_is_not_made(refresh: Callable[[], None], checkout: Path) -> None:
    (checkout / ".git").rmdir()
    checkout.rmdir()
    refresh()
    assert not checkout.exists()


def test_a_file_where_the_workspace_belongs_is_told_in_one_sentence_that_names_it(
    refresh: Callable[[], None], checkout: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (checkout / ".asd").write_text("not a folder\n")
    refresh()
    (told,) = caplog.messages
    assert f"{checkout}/.asd/workspace/releases/1234.env: Not a directory (and 3 more)" in told


def test_a_folder_in_the_place_of_a_file_is_set_aside_with_what_it_holds(
    refresh: Callable[[], None], folder: Path, store: EventStore
) -> None:
    (folder / "1234.log").mkdir()
    (folder / "1234.log" / "notes.txt").write_text("of a colleague\n")
    refresh()
    assert (folder / "1234.log").read_text() == render_log(store.read(STREAM))
    assert (folder / "1234.log.before-released" / "notes.txt").read_text() == "of a colleague\n"


def test_a_link_in_the_place_of_a_file_is_set_aside_and_its_target_is_not_touched(
    refresh: Callable[[], None], folder: Path, store: EventStore
) -> None:
    (folder / "1234.log").symlink_to("elsewhere")
    refresh()
    assert (folder / "1234.log").read_text() == render_log(store.read(STREAM))
    assert (folder / "1234.log.before-released").is_symlink()
    assert not (folder / "elsewhere").exists()


def test_a_file_that_cannot_be_written_keeps_no_other_from_being_written(
    refresh: Callable[[], None], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ticket_files, "write_durably", _full_disk_for("1234.log"))
    refresh()
    assert sorted(file.name for file in folder.iterdir()) == ["1234.env", "1300.env", "1300.log"]


def test_a_file_that_was_deleted_comes_back_byte_for_byte(files: TicketFiles, folder: Path, store: EventStore) -> None:
    files(store.read_all(0, 1000))
    (folder / "1300.log").unlink()
    files.restore_missing()
    assert (folder / "1300.log").read_text() == render_log(store.read(OTHER))


def _full_disk_for(name: str) -> Callable[[Path, bytes, int], None]:
    def write_or_fail(path: Path, content: bytes, mode: int) -> None:
        if path.name == name:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        write_durably(path, content, mode)

    return write_or_fail
