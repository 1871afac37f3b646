"""Containers that the release does not manage: under a Compose profile, run by hand, or a stranger's under our name.

The way back halts at a hook of ``web``; meanwhile strangers take the names of containers of ``front``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from support.standing import BackAndForth
from support.stories import of_type, served

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.stack import Stack
    from support.stack_images import FirstImages

TOOL = """\
  web-tool:
    image: {image}:${{WEB_IMAGE_TAG}}
    container_name: ${{CONTAINER_PREFIX}}web-tool
    entrypoint: [sleep, '3600']
    init: true
    network_mode: none
    profiles: [tool]
"""
EXTRA = """\
  front-extra:
    image: {image}:${{FRONT_IMAGE_TAG}}
    container_name: ${{CONTAINER_PREFIX}}front-extra
    init: true
    network_mode: none
"""
BESIDES = "containers:\n" + "".join(
    f"  - {{name: {name}, role: tool, required: false}}\n" for name in ("web-tool", "web-hand")
)
STUBBORN_HOOK = "#!/bin/sh\n# released: repeatable\ntest -e .asd/mended || exit 7\n"


@dataclass
class Story(BackAndForth):
    """A release and its way back, which strangers cross."""

    strangers: dict[str, str] = field(default_factory=dict)
    """Whose name it takes, to the id of the container."""


@pytest.fixture(scope="module", name="story")
def _story(tmp_path_factory: pytest.TempPathFactory, first_images: FirstImages) -> Iterator[Story]:
    with served(tmp_path_factory.mktemp("others") / "stack", first_images, ("web", "front")) as (stack, _):
        yield _told(stack)


def _told(stack: Stack) -> Story:
    _prepare_the_ground(stack)
    story = Story.begin(stack)
    stack.merge("1234", {**_web(stack, "2"), **_front_with_two_containers(stack)})
    story.client("run", "run", "1234")
    story.client("halted", "revert", "1234", "--yes", "--with-data", "web")
    (stack.ops.checkout / ".asd" / "mended").touch()
    for name in ("front-extra", "front"):
        stack.containers.remove_by_hand(name)
        story.strangers[name] = stack.containers.run_by_hand("front", name)
        story.client(f"{name} is a stranger", "resume", "1234", "--reason", "the stranger is gone")
        stack.containers.remove_by_hand(name)
    story.client("back", "resume", "1234", "--reason", "the stranger is gone")
    return story


def _prepare_the_ground(stack: Stack) -> None:
    stack.ops.commit(_web(stack, "1"), "Web has a tool for emergencies")
    stack.ops.git("pull", "--quiet", "--ff-only", "origin", "main")
    stack.containers.start_besides(stack.ops.checkout, "web", "web-tool")
    stack.containers.run_by_hand("web", "web-hand")


def _web(stack: Stack, tag: str) -> dict[str, str]:
    files = stack.new_version("web", tag)
    manifest = files["packages/web/manifest.yaml"].replace("containers:\n", BESIDES)
    compose = files["packages/web/docker-compose.yaml"].replace(
        "volumes:\n  web-data", TOOL.format(image=stack.names.image("web")) + "volumes:\n  web-data"
    )
    hook = {"packages/web/scripts/post_data_restore.10-stubborn.sh": STUBBORN_HOOK}
    return {**files, **hook, "packages/web/manifest.yaml": manifest, "packages/web/docker-compose.yaml": compose}


def _front_with_two_containers(stack: Stack) -> dict[str, str]:
    front = stack.new_version("front", "2")
    manifest = front["packages/front/manifest.yaml"].replace("containers:\n", "containers:\n  - {name: front-extra}\n")
    compose = front["packages/front/docker-compose.yaml"] + EXTRA.format(image=stack.names.image("front"))
    return {**front, "packages/front/manifest.yaml": manifest, "packages/front/docker-compose.yaml": compose}


# --- not managed -------------------------------------------------------------------------------------------------


def test_the_way_back_ends_well(story: Story) -> None:
    assert story.code("run") == 0, story.said("run")
    assert story.code("halted") == 1, story.said("halted")
    assert story.code("back") == 0, story.said("back")


@pytest.mark.parametrize("name", ["web-tool", "web-hand"])
def test_a_container_that_compose_does_not_start_by_itself_is_left_alone(story: Story, name: str) -> None:
    before, after = story.moments["before"].containers, story.moments["back"].containers
    assert after[name] == before[name]


def test_what_the_release_manages_runs_as_before(story: Story) -> None:
    assert story.moments["back"].images == story.moments["before"].images


# --- a stranger under our name -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "step"), [("front-extra", "revert.front.remove"), ("front", "revert.front.recreate")])
def test_a_strangers_container_under_a_name_of_ours_halts_the_way_back(story: Story, name: str, step: str) -> None:
    halts = {halt["step"]: halt["failure"] for halt in of_type(story.record, "halted")}
    assert halts[step]["code"] == "name_taken"
    assert f"the container {story.stack.names.container(name)} was run by hand;" in halts[step]["message"]


@pytest.mark.parametrize("name", ["front-extra", "front"])
def test_a_strangers_container_is_not_touched(story: Story, name: str) -> None:
    assert story.moments[f"{name} is a stranger"].containers[name] == story.strangers[name]
