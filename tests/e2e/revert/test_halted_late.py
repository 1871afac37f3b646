"""Releases that halt in migrate, in ticket and in verify with new containers are taken back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.standing import BackAndForth
from support.stories import served

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.stack import Stack
    from support.stack_images import FirstImages

HALTS = {"1": "migrate", "2": "ticket", "3": "verify"}


@pytest.fixture(scope="module", name="story")
def _story(tmp_path_factory: pytest.TempPathFactory, first_images: FirstImages) -> Iterator[BackAndForth]:
    home = tmp_path_factory.mktemp("late") / "stack"
    with served(home, first_images, ("web", "front"), verify={"budget": "1s"}) as (stack, _):
        yield _told(stack)


def _told(stack: Stack) -> BackAndForth:
    story = BackAndForth.begin(stack)
    for ticket, files in (("1", _no_entrypoint(stack)), ("2", _bad_script(stack)), ("3", _lost_container(stack))):
        stack.merge(ticket, files)
        story.client(f"run {ticket}", "run", ticket)
        story.client(f"revert {ticket}", "revert", ticket, "--yes", "--push")
        stack.ops.git("pull", "--quiet", "--ff-only", cwd=stack.ops.developer)
    return story


def _no_entrypoint(stack: Stack) -> dict[str, str]:
    files = stack.new_version("front", "2")
    dockerfile = files["packages/front/src/Dockerfile"].replace("/bin/sh", "/bin/no-such-program")
    return {**files, "packages/front/src/Dockerfile": dockerfile}


def _bad_script(stack: Stack) -> dict[str, str]:
    return {**stack.new_version("front", "2"), "releases/2-work.sh": "echo working\nexit 3\n"}


def _lost_container(stack: Stack) -> dict[str, str]:
    files = stack.new_version("front", "3")
    manifest = files["packages/front/manifest.yaml"].replace("timeout: 30s", "timeout: 5s")
    remove = 'docker rm --force "${CONTAINER_PREFIX}front"\n'
    return {**files, "packages/front/manifest.yaml": manifest, "releases/3-clumsy.sh": remove}


@pytest.mark.parametrize(("ticket", "phase"), HALTS.items())
def test_the_release_halts_where_it_is_meant_to(story: BackAndForth, ticket: str, phase: str) -> None:
    assert f"release-run failed in phase {phase}. To roll back:" in story.said(f"run {ticket}")


@pytest.mark.parametrize("ticket", HALTS)
def test_it_is_taken_back(story: BackAndForth, ticket: str) -> None:
    assert story.code(f"revert {ticket}") == 0, story.said(f"revert {ticket}")


@pytest.mark.parametrize("ticket", HALTS)
def test_code_images_and_dotenv_file_are_those_of_before(story: BackAndForth, ticket: str) -> None:
    before, after = story.moments["before"], story.moments[f"revert {ticket}"]
    assert (after.tree, after.status, after.dotenv, after.images) == (
        before.tree,
        before.status,
        before.dotenv,
        before.images,
    )


@pytest.mark.parametrize("ticket", HALTS)
def test_a_service_that_the_release_did_not_affect_keeps_its_container(story: BackAndForth, ticket: str) -> None:
    assert "web" not in story.replaced("before", f"revert {ticket}")


@pytest.mark.parametrize("ticket", HALTS)
def test_the_service_runs_again(story: BackAndForth, ticket: str) -> None:
    assert "✓ revert.front.verify" in story.said(f"revert {ticket}")


def test_the_log_of_the_ticket_has_the_halt_and_the_way_back(story: BackAndForth) -> None:
    lines = [line.partition(" phase=")[2] for line in story.logs["revert 2"].splitlines()]
    assert lines[-3:] == ["ticket event=failed rc=3", "revert event=start", "revert event=done rc=0"]
