"""A release of one service below a release of another: its code is not taken back, its data is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.standing import BackAndForth
from support.stories import served

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.stack import Stack
    from support.stack_images import FirstImages


@pytest.fixture(scope="module", name="story")
def _story(tmp_path_factory: pytest.TempPathFactory, first_images: FirstImages) -> Iterator[BackAndForth]:
    with served(tmp_path_factory.mktemp("other") / "stack", first_images, ("web", "front")) as (stack, _):
        yield _told(stack)


def _told(stack: Stack) -> BackAndForth:
    story = BackAndForth.begin(stack)
    for ticket, service in (("1", "web"), ("2", "front")):
        stack.merge(ticket, stack.new_version(service, "2"))
        story.client(f"run {ticket}", "run", ticket)
    stack.containers.run_in("web", "touch", "/data/order")
    story.refuses("all", "revert", "1", "--yes")
    story.client("only data", "revert", "1", "--yes", "--skip-git", "--with-data", "web")
    story.notes["files"] = stack.containers.run_in("web", "ls", "/data")
    return story


def test_it_is_refused_because_of_the_tree(story: BackAndForth) -> None:
    refusal = story.refusals["all"]
    assert refusal.reason == "later_releases"
    assert "  2 (released, begun " in refusal.message
    assert refusal.next == (("releasectl", "revert", "2", "1"),)


def test_its_data_alone_is_brought_back(story: BackAndForth) -> None:
    assert story.code("only data") == 0, story.said("only data")
    assert "order" not in story.notes["files"].split()


def test_its_data_alone_leaves_code_and_images_as_they_are(story: BackAndForth) -> None:
    released, now = story.moments["run 2"], story.moments["only data"]
    assert (now.head, now.images, now.dotenv) == (released.head, released.images, released.dotenv)


def test_its_data_alone_leaves_the_other_service_alone(story: BackAndForth) -> None:
    assert story.replaced("run 2", "only data") == {"web"}
