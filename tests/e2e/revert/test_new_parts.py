"""What came with a release goes with it: a whole service, and a container of one that was there; volumes stay."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from support.stack_images import docker
from support.standing import BackAndForth
from support.stories import served

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.stack import Stack
    from support.stack_images import FirstImages

EXTRA = """\
  front-extra:
    image: {image}:${{FRONT_IMAGE_TAG}}
    container_name: ${{CONTAINER_PREFIX}}front-extra
    init: true
    network_mode: none
"""


@pytest.fixture(scope="module", name="story")
def _story(tmp_path_factory: pytest.TempPathFactory, first_images: FirstImages) -> Iterator[BackAndForth]:
    with served(tmp_path_factory.mktemp("new") / "stack", first_images, ("front",)) as (stack, _):
        yield _told(stack)


def _told(stack: Stack) -> BackAndForth:
    _leave_web_out(stack)
    story = BackAndForth.begin(stack)
    stack.merge("1234", {**stack.new_version("web", "2"), **_front_with_two_containers(stack)})
    story.client("run", "run", "1234")
    stack.containers.run_in("web", "touch", "/data/order")
    story.client("looked at", "revert", "1234", "--dry-run", "-o", "json")
    story.client("back", "revert", "1234", "--yes")
    story.notes["volume"] = _volumes(stack)
    story.client("forth", "revert", "1234", "--yes")
    story.notes["files"] = stack.containers.run_in("web", "ls", "/data")
    return story


def _leave_web_out(stack: Stack) -> None:
    """Make web a service that there never was, and give containers without a project a place of their own."""
    with (stack.ops.checkout / ".env").open("a", encoding="utf-8") as env:
        env.write(f"COMPOSE_PROJECT_NAME={stack.names.project('web')}\n")
    front = stack.new_version("front", "1")
    manifest = front["packages/front/manifest.yaml"].replace("depends_on: [web]\n", "")
    gone = dict.fromkeys(stack.new_version("web", "1"))
    stack.ops.commit({**gone, "packages/front/manifest.yaml": manifest}, "There is no web")
    stack.ops.git("pull", "--quiet", "--ff-only", "origin", "main")


def _front_with_two_containers(stack: Stack) -> dict[str, str]:
    front = stack.new_version("front", "2")
    manifest = front["packages/front/manifest.yaml"].replace("containers:\n", "containers:\n  - {name: front-extra}\n")
    compose = front["packages/front/docker-compose.yaml"] + EXTRA.format(image=stack.names.image("front"))
    return {**front, "packages/front/manifest.yaml": manifest, "packages/front/docker-compose.yaml": compose}


def _volumes(stack: Stack) -> str:
    return docker("volume", "ls", "--quiet", "--filter", f"name={stack.names.prefix}")


def test_the_release_brings_new_containers(story: BackAndForth) -> None:
    assert story.code("run") == 0, story.said("run")
    assert story.moments["run"].containers.keys() == {"front", "front-extra", "web"}


def test_what_goes_is_said_beforehand(story: BackAndForth) -> None:
    preview = json.loads(story.told["looked at"].stdout)
    prefix = story.stack.names.prefix
    assert preview["warnings"] == [
        f"front: {prefix}front-extra did not exist before and goes; its volumes stay",
        f"web: {prefix}web did not exist before and goes; its volumes stay",
        "web: volume web-data came with the release; it stays as it is",
    ]
    assert {one["name"]: one["removed"] for one in preview["services"]} == {"front": False, "web": True}


def test_new_containers_go_and_the_others_come_back(story: BackAndForth) -> None:
    assert story.code("back") == 0, story.said("back")
    assert story.moments["back"].images == story.moments["before"].images


def test_the_volume_of_a_service_that_goes_stays(story: BackAndForth) -> None:
    assert story.notes["volume"].split() == [f"{story.stack.names.project('web')}_web-data"]


def test_a_service_that_went_comes_back_with_its_revert(story: BackAndForth) -> None:
    assert story.code("forth") == 0, story.said("forth")
    assert story.moments["forth"].images == story.moments["run"].images


def test_a_service_that_comes_back_finds_its_data(story: BackAndForth) -> None:
    assert "order" in story.notes["files"].split()
