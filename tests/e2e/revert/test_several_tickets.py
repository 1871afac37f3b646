"""Two releases of one service: in which order they are taken back, and what the day after makes of them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from support.standing import BackAndForth
from support.stories import served

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.stack import Stack
    from support.stack_images import FirstImages

INCLUDE = ("--include-reverted", "--reason", "its documentation was wrong")


@pytest.fixture(scope="module", name="story")
def _story(tmp_path_factory: pytest.TempPathFactory, first_images: FirstImages) -> Iterator[BackAndForth]:
    with served(tmp_path_factory.mktemp("several") / "stack", first_images, ("front",)) as (stack, _):
        yield _told(stack)


def _told(stack: Stack) -> BackAndForth:
    story = BackAndForth.begin(stack)
    for ticket, tag in (("1", "2"), ("2", "3")):
        stack.merge(ticket, stack.new_version("front", tag))
        story.client(f"run {ticket}", "run", ticket)
    story.refuses("on top", "revert", "1", "--yes")
    story.client("both", "revert", "2", "1", "--yes")
    stack.merge("3", {"docs/front.md": "how it is meant\n"})
    story.notes["preview"] = stack.client("-o", "json", "run", "3", *INCLUDE, "--dry-run").stdout
    story.client("run 3", "run", "3", *INCLUDE)
    return story


# --- what stands on top ------------------------------------------------------------------------------------------


def test_the_older_one_is_refused_with_the_order(story: BackAndForth) -> None:
    refusal = story.refusals["on top"]
    assert refusal.reason == "later_releases"
    assert "Later releases stand on top of ticket 1:\n  2 (released, begun " in refusal.message
    assert refusal.next == (("releasectl", "revert", "2", "1"),)


def test_in_that_order_both_are_taken_back(story: BackAndForth) -> None:
    assert story.code("both") == 0, story.said("both")
    before, after = story.moments["before"], story.moments["both"]
    assert (after.tree, after.images, after.dotenv) == (before.tree, before.images, before.dotenv)


def test_each_of_them_is_taken_back_by_a_commit_of_its_own(story: BackAndForth) -> None:
    subjects = story.stack.ops.git("log", "-2", "--format=%s", story.moments["both"].head).splitlines()
    assert subjects == ["Take back the release of ticket 1", "Take back the release of ticket 2"]


# --- an image that is gone ---------------------------------------------------------------------------------------


# --- the day after -----------------------------------------------------------------------------------------------


def test_a_service_that_was_taken_back_is_affected_by_what_brings_it_back(story: BackAndForth) -> None:
    preview = json.loads(story.notes["preview"])
    assert [one["name"] for one in preview["services"]] == ["front"]


def test_it_runs_what_the_remote_has(story: BackAndForth) -> None:
    assert story.code("run 3") == 0, story.said("run 3")
    assert story.stack.containers.running_tags() == {"front": "3"}


def test_the_checkout_stands_at_the_tip_of_the_remote(story: BackAndForth) -> None:
    assert story.moments["run 3"].head == story.stack.ops.git("rev-parse", "main", cwd=story.stack.ops.origin)


def test_what_is_deployed_then_is_what_was_taken_back_and_the_fix(story: BackAndForth) -> None:
    changed = story.stack.ops.git("diff", "--name-only", story.moments["run 2"].tree, story.moments["run 3"].tree)
    assert changed == "docs/front.md"
