"""Drift on real containers: everything that a person does to a released environment is found, and mended by its fix."""

from __future__ import annotations

import json
import subprocess
import time
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from released.adapters.docker.engine import DockerEngine
from released.adapters.interruption import Interruption
from support.daemon_process import PATIENCE_S
from support.docker_stack import ENGINE_URL
from support.stack_images import docker
from support.stories import served

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from support.stack import Stack
    from support.stack_images import FirstImages

TICKET = "1234"
CLIENT = "releasectl"
_ROUNDS = 3
"""A fix may say: look again."""


@dataclass(frozen=True)
class Spoilt:
    """What a person does, and what is said of it."""

    do: Callable[[Stack], object]
    line: str
    """With ``{prefix}`` for CONTAINER_PREFIX."""


def front(stack: Stack) -> str:
    return stack.names.container("front")


def other_tag(stack: Stack) -> None:
    stack.containers.recreate_by_hand(stack.ops.checkout, "front", "1")


def other_image(stack: Stack) -> None:
    """Give the released name to another image, and run that."""
    docker("commit", front(stack), f"{stack.names.image('front')}:2")
    docker("rm", "--force", front(stack))
    stack.containers.recreate_by_hand(stack.ops.checkout, "front", "2")


def stray(stack: Stack) -> None:
    label = f"com.docker.compose.project={stack.names.project('front')}"
    name = stack.names.container("old")
    docker("run", "--detach", "--name", name, "--label", label, f"{stack.names.image('front')}:2")


def pin(stack: Stack) -> None:
    file = stack.ops.checkout / ".env"
    file.write_text(file.read_text().replace("FRONT_IMAGE_TAG=2", "FRONT_IMAGE_TAG=1"))


def unpin(stack: Stack) -> None:
    file = stack.ops.checkout / ".env"
    file.write_text(file.read_text().replace("FRONT_IMAGE_TAG=2\n", ""))


def pull(stack: Stack) -> None:
    stack.ops.commit({"README.md": "pulled by hand\n"}, "A change without a ticket")
    stack.ops.git("pull", "--quiet", "--ff-only")


SPOILT = {
    "other-tag": Spoilt(other_tag, "✗ front.image: got {prefix}front:1, expected {prefix}front:2"),
    "other-image": Spoilt(other_image, "✗ front.image: got {prefix}front:2 ("),
    "stopped": Spoilt(lambda stack: docker("stop", front(stack)), "✗ front.running: {prefix}front is exited ("),
    "paused": Spoilt(lambda stack: docker("pause", front(stack)), "✗ front.running: {prefix}front is paused ("),
    "removed": Spoilt(
        lambda stack: docker("rm", "--force", front(stack)), "✗ front.running: {prefix}front does not exist"
    ),
    "stray": Spoilt(stray, "✗ containers.known: {prefix}old (project {prefix}front) belongs to no manifest"),
    "pin": Spoilt(pin, "✗ .env.FRONT_IMAGE_TAG: got 1, expected 2"),
    "no-pin": Spoilt(unpin, "✗ .env.FRONT_IMAGE_TAG: got nothing, expected 2"),
    "pulled": Spoilt(pull, "✗ checkout.head: got "),
    "branch": Spoilt(
        lambda stack: stack.ops.git("checkout", "--quiet", "-b", "fix"), "✗ checkout.branch: got fix, expected main"
    ),
}


@pytest.fixture(scope="module", name="stack")
def _stack(tmp_path_factory: pytest.TempPathFactory, first_images: FirstImages) -> Iterator[Stack]:
    """An environment in which front was released at version 2; it is the only service."""
    with served(tmp_path_factory.mktemp("drift") / "stack", first_images, running=("front",)) as (stack, _):
        with (stack.ops.checkout / ".env").open("a") as dotenv:
            dotenv.write(f"COMPOSE_PROJECT_NAME={stack.names.project('front')}\n")
        gone = {f"packages/{name}/manifest.yaml": None for name in ("web", "slow")}
        files = stack.new_version("front", "2")
        files["packages/front/manifest.yaml"] = files["packages/front/manifest.yaml"].replace("depends_on: [web]\n", "")
        stack.merge(TICKET, {**files, **gone})
        released = stack.client("run", TICKET)
        assert released.returncode == 0, released.stderr
        yield stack


def found(stack: Stack) -> list[dict[str, Any]]:
    """Read the findings as a program does."""
    findings: list[dict[str, Any]] = json.loads(stack.client("-o", "json", "drift").stdout)["findings"]
    return findings


def drifted(stack: Stack) -> list[dict[str, Any]]:
    return [finding for finding in found(stack) if finding["drifted"]]


def mend(stack: Stack) -> None:
    """Type every fix, wait until what it started is healthy, and look again."""
    for _ in range(_ROUNDS):
        for argv in (finding["fix"]["argv"] for finding in drifted(stack)):
            if argv[0] == CLIENT:
                assert stack.client(*argv[1:]).returncode == 0
            else:
                subprocess.run(argv, env=stack.client_environment(), capture_output=True, check=True)
        await_healthy(stack)


def await_healthy(stack: Stack) -> None:
    """Wait until front is healthy, where it exists."""
    with closing(DockerEngine(ENGINE_URL, owner="test")) as engine:
        ids = [one.id for one in [engine.container(front(stack))] if one]
        engine.wait_settled(ids, frozenset(ids), time.monotonic() + PATIENCE_S, time.monotonic, Interruption())


def test_right_after_a_release_nothing_drifts(stack: Stack) -> None:
    told = stack.client("drift", "--exit-code")
    assert told.returncode == 0
    assert told.stdout.splitlines()[0] == f"✓ checkout.head: {stack.ops.head()[:12]} (ticket {TICKET})"
    assert not [line for line in told.stdout.splitlines() if not line.startswith("✓ ")]


@pytest.mark.parametrize("name", SPOILT)
def test_what_was_done_by_hand_is_found_and_its_fix_mends_it(stack: Stack, name: str) -> None:
    SPOILT[name].do(stack)
    lines = [finding["line"] for finding in drifted(stack)]
    mend(stack)
    expected = SPOILT[name].line.format(prefix=stack.names.prefix)
    assert [line for line in lines if line.startswith(expected)]
    assert drifted(stack) == []


def test_drift_is_told_by_the_exit_code_where_that_is_asked_for(stack: Stack) -> None:
    (stack.ops.checkout / "stray").touch()
    codes = [stack.client("drift", *flags).returncode for flags in ([], ["--exit-code"])]
    (stack.ops.checkout / "stray").unlink()
    assert codes == [0, 10]


def test_people_read_the_fix_below_the_line(stack: Stack) -> None:
    (stack.ops.checkout / "stray").touch()
    told = stack.client("drift", "--quiet").stdout.splitlines()
    (stack.ops.checkout / "stray").unlink()
    assert told[0] == "✗ checkout.clean: stray is not as in HEAD"
    assert told[1].startswith(f"    git -C {stack.ops.checkout} status  # ")


def test_programs_read_one_object_per_finding(stack: Stack) -> None:
    told = [json.loads(line) for line in stack.client("-o", "jsonl", "drift").stdout.splitlines()]
    assert told == found(stack)


def test_what_a_halted_release_left_undone_is_settled_first(stack: Stack) -> None:
    stack.merge("77", {"releases/77-a.sh": "#!/bin/sh\nexit 1\n"})
    assert stack.client("run", "77").returncode == 1
    docker("stop", front(stack))
    findings = drifted(stack)
    docker("start", front(stack))
    await_healthy(stack)
    stack.client("lock", "release", "--reason", "only a test", "--yes")
    assert findings[0]["line"] == "✗ release.settled: ticket 77 (run 1) is halted in phase ticket"
    assert [finding["fix"]["argv"] for finding in findings] == [[CLIENT, "status", "77"]] * 2
