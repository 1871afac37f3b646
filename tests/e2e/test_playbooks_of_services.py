"""A release that fails in every way in which services fail: each failure's playbook is found first, and helps."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from support.playbook_matches import Seen, seen
from support.stack_images import docker
from support.stories import served

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.stack import Stack
    from support.stack_images import FirstImages

COMPOSE = "packages/web/docker-compose.yaml"
MANIFEST = "packages/web/manifest.yaml"
MAIN = "while [ ! -e /data/listen ]; do sleep 0.1; done\nexec httpd -f -p 8080 -h /www\n"
MAKE_UNHEALTHY = """\
#!/bin/sh
. ./.env
container=${CONTAINER_PREFIX}web
docker exec "$container" rm /data/ready
until [ "$(docker inspect --format '{{.State.Health.Status}}' "$container")" = unhealthy ]; do sleep 0.1; done
"""
FAILURES = (
    "env-variable-missing",
    "backup-failed",
    "orchestrator-source-drift",
    "image-pull-failed",
    "service-not-up-after-recreate",
    "http-no-answer",
    "verify-race",
    "image-mismatch",
)


@pytest.fixture(scope="module", name="story")
def _story(tmp_path_factory: pytest.TempPathFactory, first_images: FirstImages) -> Iterator[Story]:
    home = tmp_path_factory.mktemp("playbooks") / "stack"
    with served(home, first_images, ("web",), verify={"budget": "3s"}) as (stack, _):
        story = Story(stack)
        _tell(story, stack)
        yield story


class Story:
    """What was seen of each failure, by the playbook that should tell of it."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self.seen: dict[str, Seen] = {}
        self.code = 0
        """The exit code of the last command."""

    def fails(self, playbook: str, *arguments: str) -> None:
        """Type a command, and look at what the playbooks say of its failure."""
        told = self._stack.client(*arguments)
        self.seen[playbook] = seen(self._stack.client, "1234", told)

    def ends(self, *arguments: str) -> None:
        """Type the last command."""
        self.code = self._stack.client(*arguments).returncode


def _tell(story: Story, stack: Stack) -> None:
    good = _late_web(stack)
    stack.merge("1234", {**good, COMPOSE: None, MANIFEST: good[MANIFEST].replace("[web-data]", "[web-data, web-more]")})
    story.fails("env-variable-missing", "run", "1234")
    _set_variable(stack)
    story.fails("backup-failed", "run", "1234")
    _create_missing_volume(stack)
    story.fails("orchestrator-source-drift", "resume", "1234")
    stack.ops.commit(_without_image(good, stack), "The Compose file, with an image that nobody has")
    story.fails("image-pull-failed", "run", "1234", "--from=prepare")
    stack.ops.commit(good, "The image is built again")
    story.fails("service-not-up-after-recreate", "run", "1234", "--from=prepare")
    _touch(stack, "ready")
    story.fails("http-no-answer", "resume", "1234")
    _touch(stack, "listen")
    story.fails("verify-race", "resume", "1234")
    _touch(stack, "ready")
    stack.containers.recreate_by_hand(stack.ops.checkout, "web", "1")
    story.fails("image-mismatch", "run", "1234", "--from=verify")
    story.ends("run", "1234", "--from=migrate", "--reason", "another image ran")


def _late_web(stack: Stack) -> dict[str, str]:
    """Web at version 2: it is healthy, and listens, once a file tells it to; a script makes it unhealthy again."""
    files = stack.new_version("web", "2")
    return {
        **files,
        MANIFEST: files[MANIFEST].replace("timeout: 30s", "timeout: 3s"),
        COMPOSE: re.sub(
            r"test: \[.*\]", "test: [CMD, test, -e, /data/ready]", files[COMPOSE].replace("retries: 30", "retries: 2")
        ),
        "packages/web/tpl.env": files["packages/web/tpl.env"] + "WEB_THEME=\n",
        "packages/web/src/main.sh": MAIN,
        "releases/1234-work.sh": MAKE_UNHEALTHY,
    }


def _without_image(good: dict[str, str], stack: Stack) -> dict[str, str]:
    image, nowhere = stack.names.image("web"), "127.0.0.1:1/x"
    compose = good[COMPOSE].replace(image, nowhere).replace("    build: ./src\n", "")
    return {COMPOSE: compose, MANIFEST: good[MANIFEST].replace(image, nowhere).replace("build: true", "build: false")}


def _set_variable(stack: Stack) -> None:
    with (stack.ops.checkout / ".env").open("a", encoding="utf-8") as file:
        file.write("WEB_THEME=dark\n")


def _create_missing_volume(stack: Stack) -> None:
    label = f"com.docker.compose.project={stack.names.project('web')}"
    docker("volume", "create", "--label", label, f"{stack.names.prefix}web-more")


def _touch(stack: Stack, name: str) -> None:
    docker("exec", stack.names.container("web"), "touch", f"/data/{name}")


@pytest.mark.parametrize("playbook", FAILURES)
def test_the_playbook_of_a_failure_is_found_first(story: Story, playbook: str) -> None:
    assert story.seen[playbook].sighted[:1] == [playbook]


@pytest.mark.parametrize("playbook", FAILURES)
def test_the_playbook_of_a_failure_is_found_first_from_its_text_alone(story: Story, playbook: str) -> None:
    assert story.seen[playbook].blind[:1] == [playbook]


def test_what_the_last_playbook_says_repairs_the_release(story: Story) -> None:
    assert story.code == 0
