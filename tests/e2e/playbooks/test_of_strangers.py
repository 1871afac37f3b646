"""Strangers have the port and the name of new containers: each failure's playbook is found first, and helps."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pytest

from support.playbook_repair import Failed, failed
from support.stack_images import docker
from support.stories import served

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.stack import Stack
    from support.stack_images import FirstImages

pytestmark = pytest.mark.timeout(600)
"""Its story is long, and is told within the first of its tests."""

FAILURES = ("port-already-allocated", "container-name-taken")


class Story(NamedTuple):
    """What was seen, and the exit code of the last command."""

    failures: dict[str, Failed]
    code: int


@pytest.fixture(scope="module", name="story")
def _story(tmp_path_factory: pytest.TempPathFactory, first_images: FirstImages) -> Iterator[Story]:
    home = tmp_path_factory.mktemp("playbooks") / "stack"
    with served(home, first_images, running=()) as (stack, _):
        try:
            yield _told(stack, first_images)
        finally:
            docker("rm", "--force", _name(stack, "holder"), f"{stack.names.container('slow')}-set-aside")


def _told(stack: Stack, images: FirstImages) -> Story:
    image = f"{stack.names.image('slow')}:1"
    images.tag("slow", image)
    _stranger(_name(stack, "holder"), image, "--publish", f"127.0.0.1:{stack.names.port}:9")
    _stranger(stack.names.container("slow"), image)
    _name_project(stack)
    stack.merge("1234", {**_without_backup(stack.new_version("web", "2")), **stack.new_version("slow", "2")})
    failures = {
        "port-already-allocated": failed(
            stack.client, "port-already-allocated", lambda: docker("stop", _name(stack, "holder")), "run", "1234"
        ),
        "container-name-taken": failed(
            stack.client, "container-name-taken", lambda: None, "resume", "1234", "--playbook", "port-already-allocated"
        ),
    }
    last = stack.client("resume", "1234", "--playbook", "container-name-taken")
    return Story(failures, last.returncode)


def _without_backup(files: dict[str, str]) -> dict[str, str]:
    return {path: text.replace("enabled: true", "enabled: false") for path, text in files.items()}


def _name_project(stack: Stack) -> None:
    """Give what the release makes a project of its own; there are no containers that could name one."""
    with (stack.ops.checkout / ".env").open("a", encoding="utf-8") as file:
        file.write(f"COMPOSE_PROJECT_NAME={stack.names.prefix}new\n")


def _name(stack: Stack, stranger: str) -> str:
    """Name a container that is not of the stack, so that nobody but the story looks at it."""
    return f"stranger-{stack.names.prefix}{stranger}"


def _stranger(name: str, image: str, *options: str) -> None:
    docker("run", "--detach", "--network", "bridge", "--name", name, *options, image)


@pytest.mark.parametrize("playbook", FAILURES)
def test_the_playbook_of_a_failure_is_found_first(story: Story, playbook: str) -> None:
    assert story.failures[playbook].seen.sighted[:1] == [playbook]


@pytest.mark.parametrize("playbook", FAILURES)
def test_the_playbook_of_a_failure_is_found_first_from_its_text_alone(story: Story, playbook: str) -> None:
    assert story.failures[playbook].seen.blind[:1] == [playbook]


@pytest.mark.parametrize("playbook", FAILURES)
def test_the_detection_of_a_playbook_finds_what_it_expects(story: Story, playbook: str) -> None:
    assert story.failures[playbook].repair.detected


@pytest.mark.parametrize("playbook", FAILURES)
def test_a_playbook_is_applied_and_what_proves_it_passes(story: Story, playbook: str) -> None:
    applied = story.failures[playbook].repair.applied

    assert applied.returncode == 0, applied.stdout + applied.stderr


def test_with_the_strangers_out_of_the_way_the_release_ends_well(story: Story) -> None:
    assert story.code == 0
