"""What lies in the work tree after a revert: every kind of change is undone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from support.site import Site

Picture = dict[str, tuple[int, bytes]]
"""Path to mode and content; of a link, to where it leads."""


def _picture(root: Path) -> Picture:
    """Look at everything but what git ignores."""
    left_out = {".git", ".asd"}
    paths = (path for path in root.rglob("*") if path.relative_to(root).parts[0] not in left_out)
    return {str(path.relative_to(root)): _look(path) for path in paths if path.is_symlink() or not path.is_dir()}


def _look(path: Path) -> tuple[int, bytes]:
    if path.is_symlink():
        return 0, bytes(path.readlink())
    return path.stat().st_mode, path.read_bytes()


def _furnish(root: Path) -> None:
    for folder in ("docs", "docs/deep", "becomes-file"):
        (root / folder).mkdir()
    for path in ("docs/deleted.md", "docs/deep/moved.md", "docs/stays.md", "becomes-link", "becomes-folder"):
        (root / path).write_text(f"{path}\n")
    (root / "becomes-file" / "inner.md").write_text("inner\n")
    (root / "crlf.txt").write_bytes(b"one\r\ntwo\r\n")
    (root / "binary").write_bytes(bytes(range(256)))
    (root / "Grüße an\talle").write_text("hello\n")
    (root / "tool.sh").write_text("#!/bin/sh\n")
    (root / "tool.sh").chmod(0o755)
    (root / "becomes-executable").write_text("echo\n")
    (root / "link").symlink_to("docs/stays.md")
    (root / "becomes-plain").symlink_to("docs")


def _rebuild(root: Path) -> None:
    for path in ("docs/deleted.md", "becomes-link", "becomes-folder", "becomes-file/inner.md", "link", "becomes-plain"):
        (root / path).unlink()
    (root / "docs/deep/moved.md").rename(root / "docs/now here.md")
    (root / "docs/deep").rmdir()
    (root / "becomes-file").rmdir()
    (root / "becomes-link").symlink_to("/nowhere")
    (root / "becomes-folder").mkdir()
    (root / "becomes-folder" / "inner.md").write_text("inner\n")
    (root / "becomes-file").write_text("a file\n")
    (root / "crlf.txt").write_bytes(b"one\ntwo\n")
    (root / "binary").write_bytes(b"\0")
    (root / "Grüße an\talle").unlink()
    (root / "tool.sh").chmod(0o644)
    (root / "becomes-executable").chmod(0o755)
    (root / "link").symlink_to("docs")
    (root / "becomes-plain").write_text("plain\n")
    (root / "new" / "folder").mkdir(parents=True)
    (root / "new" / "folder" / "file.md").write_text("new\n")
    (root / "empty").write_bytes(b"")


@pytest.fixture(scope="module", name="pictures")
def _pictures(new_site: Callable[[], Site]) -> dict[str, Picture]:
    """Look at the work tree before a release, after it, and after it was taken back."""
    site = new_site()
    _commit(site, _furnish, {})
    site.git("pull", "--quiet", "--ff-only", "origin", "main")
    before = _picture(site.ops.checkout)
    _commit(site, _rebuild, {"releases/1234-work.sh": "echo working\n"})
    pictures = {"before": before}
    for name, *command in (("released", "run", "1234"), ("after", "revert", "1234", "--yes")):
        told = site.client(*command)
        assert told.returncode == 0, told.stderr
        pictures[name] = _picture(site.ops.checkout)
    return pictures


def _commit(site: Site, change: Callable[[Path], None], files: dict[str, str]) -> None:
    change(site.ops.developer)
    site.ops.commit(files, "A change by hand")


def test_the_release_changed_files_of_every_kind(pictures: dict[str, Picture]) -> None:
    before, released = pictures["before"], pictures["released"]
    changed = {path for path in before | released if before.get(path) != released.get(path)}
    assert changed >= {
        "docs/deleted.md",
        "empty",
        "tool.sh",
        "link",
        "becomes-link",
        "becomes-plain",
        "docs/now here.md",
    }


def test_content_modes_links_and_names_are_those_of_before(pictures: dict[str, Picture]) -> None:
    assert pictures["after"] == pictures["before"]
