"""What a release needs, looked at by a real daemon: what is wrong is named, and its fix mends it."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from support.bare_environment import BareEnvironment
from support.stories import served

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from support.stack import Stack
    from support.stack_images import FirstImages

NAMES = ["repository", "engine", "compose", "images", "disk", "clock", "permissions", "store", "workspace"]


@dataclass(frozen=True)
class Spoilt:
    """What is wrong, what is said of it, and what a person does about it."""

    do: Callable[[Stack], object]
    name: str
    finding: str
    mend: Callable[[Stack], object] | None = None
    """``None`` where the fix is a command that can be typed as it stands."""


def write(path: str, text: str) -> Callable[[Stack], object]:
    return lambda stack: (stack.ops.checkout / path).write_text(text)


def point_remote(url: str) -> Callable[[Stack], object]:
    return lambda stack: stack.ops.git("remote", "set-url", "origin", url or str(stack.ops.origin))


SPOILT = {
    "dirty": Spoilt(
        write("stray", ""),
        "repository",
        "Working tree is dirty.",
        lambda stack: (stack.ops.checkout / "stray").unlink(),
    ),
    "remote": Spoilt(point_remote("/nowhere"), "repository", "from origin into", point_remote("")),
    "secrets": Spoilt(lambda stack: (stack.ops.checkout / ".env").chmod(0o644), "permissions", "holds secrets"),
    "state": Spoilt(lambda stack: stack.state_dir.chmod(0o755), "permissions", "may be entered by others"),
    "socket": Spoilt(
        lambda stack: (stack.runtime / "released.sock").chmod(0o666), "permissions", "has mode 0666, the configuration"
    ),
    "committed": Spoilt(
        lambda stack: stack.ops.git("add", "--force", ".env"),
        "workspace",
        "git does not ignore .env",
        lambda stack: stack.ops.git("rm", "--quiet", "--cached", ".env"),
    ),
    "not-ignored": Spoilt(
        write(".gitignore", ".env\n"),
        "workspace",
        "git does not ignore .asd/workspace/",
        lambda stack: stack.ops.git("checkout", "--quiet", ".gitignore"),
    ),
}


@pytest.fixture(scope="module", name="stack")
def _stack(tmp_path_factory: pytest.TempPathFactory, first_images: FirstImages) -> Iterator[Stack]:
    with served(tmp_path_factory.mktemp("doctor") / "stack", first_images, running=()) as (stack, _):
        (stack.ops.checkout / ".env").chmod(0o600)
        yield stack


def checks(stack: Stack) -> list[dict[str, Any]]:
    """Read the checks as a program does."""
    found: list[dict[str, Any]] = json.loads(stack.client("-o", "json", "doctor").stdout)["checks"]
    return found


def failed(stack: Stack) -> list[dict[str, Any]]:
    return [check for check in checks(stack) if check["status"] == "failed"]


def test_a_healthy_environment_passes(stack: Stack) -> None:
    told = stack.client("doctor")
    assert (told.returncode, failed(stack)) == (0, [])
    assert f"✓ ok       repository: {stack.ops.checkout} is clean, on main at {stack.ops.head()[:12]}." in told.stdout


def test_everything_is_looked_at_in_order(stack: Stack) -> None:
    assert list(dict.fromkeys(check["name"] for check in checks(stack))) == NAMES


def test_programs_read_one_object_per_check(stack: Stack) -> None:
    told = [json.loads(line) for line in stack.client("-o", "jsonl", "doctor").stdout.splitlines()]
    assert [one["name"] for one in told] == [one["name"] for one in checks(stack)]


@pytest.mark.parametrize("name", SPOILT)
def test_what_is_wrong_is_named_fails_and_can_be_mended(stack: Stack, name: str) -> None:
    spoilt = SPOILT[name]
    spoilt.do(stack)
    told, found = stack.client("doctor", "--quiet"), failed(stack)
    wrong = next(check for check in found if check["name"] == spoilt.name and spoilt.finding in check["finding"])
    if spoilt.mend is None:
        subprocess.run(wrong["fix"].split(), check=True)
    else:
        spoilt.mend(stack)
    assert told.returncode == 1
    assert wrong["fix"] in told.stdout
    assert failed(stack) == []


def test_a_base_image_that_cannot_be_had_is_named_before_a_build_needs_it(stack: Stack) -> None:
    stack.ops.commit({"packages/slow/src/Dockerfile": "FROM localhost:1/nowhere:7\n"}, "Build slow from elsewhere")
    stack.ops.git("pull", "--quiet", "--ff-only", "origin", "main")
    [check] = [check for check in checks(stack) if check["name"] == "images"]
    stack.ops.git("reset", "--quiet", "--hard", "HEAD^")
    assert (check["status"], check["fix"]) == ("warning", "docker pull localhost:1/nowhere:7")
    assert "localhost:1/nowhere:7 of packages/slow/src/Dockerfile: " in check["finding"]


def test_a_checkout_that_was_pulled_by_hand_may_be_a_release_by_hand(tmp_path: Path) -> None:
    with BareEnvironment(tmp_path) as environment:
        environment.ops.commit({"releases/1-a.sh": "true\n"}, "Ticket 1")
        assert environment.client("run", "1").returncode == 0
        released = environment.ops.head()
        environment.ops.commit({"docs/a.md": "a\n"}, "By hand")
        environment.ops.git("pull", "--quiet", "--ff-only", "origin", "main")

        told = environment.client("doctor").stdout

    assert f"the record has it at {released[:12]}: it was moved by hand." in told
    assert f"releasectl adopt TICKET --base {released} --merge" in told


def test_what_cannot_be_looked_at_has_failed_and_the_rest_is_looked_at(tmp_path: Path) -> None:
    nowhere = f"unix://{tmp_path}/none.sock"
    with BareEnvironment(tmp_path / "bare", docker=nowhere) as environment:
        told = json.loads(environment.client("-o", "json", "doctor").stdout)
    broken = [check for check in told["checks"] if check["status"] == "failed" and nowhere in check["finding"]]
    assert [check["name"] for check in broken] == ["engine", "disk", "clock"]
    assert list(dict.fromkeys(check["name"] for check in told["checks"])) == NAMES
