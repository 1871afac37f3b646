"""A release that fails in every way in which services fail: each failure's playbook is found first, and helps."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from support.playbook_repair import Failed, failed
from support.stack_images import docker
from support.stories import served

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from support.stack import Stack
    from support.stack_images import FirstImages

pytestmark = pytest.mark.timeout(600)
"""Its story is long, and is told within the first of its tests."""

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
    """What was seen of each failure, by the playbook that should tell of it, and what that did."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self.failures: dict[str, Failed] = {}
        self.code = 0
        """The exit code of the last command."""

    def fails(self, playbook: str, by_hand: Callable[[], object], *arguments: str) -> None:
        """Type a command, look at what the playbooks say of its failure, and do what the first one says."""
        self.failures[playbook] = failed(self._stack.client, playbook, by_hand, *arguments)

    def ends(self, *arguments: str) -> None:
        """Type the last command."""
        self.code = self._stack.client(*arguments).returncode


def _tell(story: Story, stack: Stack) -> None:
    good = _late_web(stack)
    stack.merge("1234", {**good, COMPOSE: None, MANIFEST: good[MANIFEST].replace("[web-data]", "[web-data, web-more]")})
    story.fails("env-variable-missing", lambda: _set_variable(stack), "run", "1234")
    story.fails("backup-failed", lambda: _create_missing_volume(stack), "run", "1234")
    nowhere = _without_image(good, stack)
    drift = "resume", "1234", "--playbook", "backup-failed"
    story.fails("orchestrator-source-drift", lambda: stack.ops.commit(nowhere, "The Compose file"), *drift)
    story.fails("image-pull-failed", lambda: stack.ops.commit(good, "The image is built again"), *_go_on("prepare"))
    story.fails("service-not-up-after-recreate", lambda: _touch(stack, "ready"), *_go_on("prepare"))
    story.fails("http-no-answer", lambda: _touch(stack, "listen"), "resume", "1234", "--playbook", "http-no-answer")
    story.fails("verify-race", lambda: _touch(stack, "ready"), "resume", "1234", "--playbook", "verify-race")
    stack.containers.recreate_by_hand(stack.ops.checkout, "web", "1")
    story.fails("image-mismatch", lambda: None, *_go_on("verify"))
    story.ends(*_go_on("migrate"))


def _go_on(phase: str) -> tuple[str, ...]:
    return "run", "1234", f"--from={phase}", "--reason", "mended"


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


def test_what_the_last_playbook_says_repairs_the_release(story: Story) -> None:
    assert story.code == 0
