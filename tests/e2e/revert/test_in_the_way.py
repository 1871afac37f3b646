"""What somebody left in the checkout is never overwritten: a revert is refused, and nothing has changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from support.site import Site

BEFORE = {"notes.md": "tracked\n", "data/list.csv": "1\n", "place": "a file\n", "docs/a.md": "a\n"}
RELEASED = {
    **dict.fromkeys(("notes.md", "data/list.csv", "place")),
    "place/inner.md": "inner\n",
    "docs/a.md": "b\n",
    ".gitignore": ".env\n.asd/\nnotes.md\n/data\njunk\n",
    "releases/1234-work.sh": "echo working\n",
}
REVERT = ("revert", "1234", "--yes")


@pytest.fixture(scope="module", name="released")
def _released(new_site: Callable[[], Site]) -> Site:
    """Give an environment in which ticket 1234 is released; it does not change any more."""
    site = new_site()
    site.ops.commit(BEFORE, "Before")
    site.git("pull", "--quiet", "--ff-only", "origin", "main")
    (site.ops.developer / "place").unlink()
    site.ops.commit({name: text for name, text in RELEASED.items() if name != "place"}, "Ticket 1234")
    told = site.client("run", "1234")
    assert told.returncode == 0, told.stderr
    return site


@pytest.fixture(name="checkout")
def _checkout(released: Site) -> Iterator[Path]:
    """Give the checkout to be spoilt; it is put right at the end."""
    yield released.ops.checkout
    released.git("reset", "--quiet", "--hard")
    released.git("clean", "--quiet", "-d", "--force", "-x", "--exclude=.asd")


def test_a_changed_file_is_refused_by_name(released: Site, checkout: Path) -> None:
    (checkout / "docs/a.md").write_text("mine\n")
    refusal = released.refuses(*REVERT)
    assert refusal.reason == "working_tree_dirty"
    assert "docs/a.md" in refusal.message


def test_a_file_that_git_does_not_know_is_refused_by_name(released: Site, checkout: Path) -> None:
    (checkout / "docs/new.md").write_text("mine\n")
    refusal = released.refuses(*REVERT)
    assert refusal.reason == "working_tree_dirty"
    assert "docs/new.md" in refusal.message


def test_an_ignored_file_where_a_tracked_one_was_is_refused_by_name(released: Site, checkout: Path) -> None:
    (checkout / "notes.md").write_text("mine\n")
    refusal = released.refuses(*REVERT)
    assert refusal.reason == "files_in_the_way"
    assert "notes.md" in refusal.message


def test_an_ignored_file_where_a_folder_was_is_refused_by_name(released: Site, checkout: Path) -> None:
    (checkout / "data").write_text("mine\n")
    refusal = released.refuses(*REVERT)
    assert refusal.reason == "files_in_the_way"
    assert "  data\n" in refusal.message


def test_an_ignored_file_in_a_folder_where_a_file_was_is_refused_by_name(released: Site, checkout: Path) -> None:
    (checkout / "place/junk").write_text("mine\n")
    refusal = released.refuses(*REVERT)
    assert refusal.reason == "files_in_the_way"
    assert "place/junk" in refusal.message


def test_a_link_in_the_way_is_not_followed(released: Site, checkout: Path, tmp_path: Path) -> None:
    (checkout / "data").symlink_to(tmp_path)
    refusal = released.refuses(*REVERT)
    assert refusal.reason == "files_in_the_way"


def test_an_ignored_file_elsewhere_is_in_nobodys_way(released: Site, checkout: Path) -> None:
    (checkout / "docs/junk").write_text("mine\n")
    looked_at = released.client("revert", "1234", "--dry-run")
    assert looked_at.returncode == 0, looked_at.stderr
