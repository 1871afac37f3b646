"""Releases that halt in prepare and in migrate are taken back: exactly what each of them had touched."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.stack_images import docker
from support.standing import BackAndForth
from support.stories import events, of_type, served, started_steps

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.stack import Stack
    from support.stack_images import FirstImages

HALTS = {"1": "prepare", "2": "migrate", "3": "migrate"}


@pytest.fixture(scope="module", name="story")
def _story(tmp_path_factory: pytest.TempPathFactory, first_images: FirstImages) -> Iterator[BackAndForth]:
    with served(tmp_path_factory.mktemp("early") / "stack", first_images, ("web", "front")) as (stack, _):
        yield _told(stack)


def _told(stack: Stack) -> BackAndForth:
    """Halt at a backup, at a build and at a health check; each time the environment must be free for the next."""
    story = BackAndForth.begin(stack)
    for ticket, files in (("1", _no_backup(stack)), ("2", _no_image(stack)), ("3", _no_health(stack))):
        stack.merge(ticket, files)
        story.client(f"run {ticket}", "run", ticket)
        story.client(f"revert {ticket}", "revert", ticket, "--yes", "--push")
        story.notes[ticket] = story.occupied_by()
        story.notes[f"image of web after {ticket}"] = _image_of_web(stack)
        stack.ops.git("pull", "--quiet", "--ff-only", cwd=stack.ops.developer)
    return story


def _image_of_web(stack: Stack) -> str:
    return docker("image", "inspect", "--format", "{{.Id}}", f"{stack.names.image('web')}:1").strip()


def _no_backup(stack: Stack) -> dict[str, str]:
    files = stack.new_version("web", "2")
    manifest = files["packages/web/manifest.yaml"]
    return {**files, "packages/web/manifest.yaml": manifest.replace("[web-data]", "[web-data, web-extra]")}


def _without_backup(stack: Stack, tag: str) -> dict[str, str]:
    files = stack.new_version("web", tag)
    manifest = files["packages/web/manifest.yaml"]
    return {**files, "packages/web/manifest.yaml": manifest.replace("enabled: true", "enabled: false")}


def _no_image(stack: Stack) -> dict[str, str]:
    """Front cannot be built; web can, under the tag that it has already."""
    web, front = _without_backup(stack, "1"), stack.new_version("front", "2")
    dockerfile = front["packages/front/src/Dockerfile"]
    return {
        **web,
        **front,
        "packages/web/src/www/version": "web 2\n",
        "packages/front/src/Dockerfile": f"{dockerfile}RUN exit 7\n",
    }


def _no_health(stack: Stack) -> dict[str, str]:
    web, front = _without_backup(stack, "2"), stack.new_version("front", "2")
    compose = (
        web["packages/web/docker-compose.yaml"].replace("/healthz'", "/nowhere'").replace("retries: 30", "retries: 2")
    )
    return {**web, **front, "packages/web/docker-compose.yaml": compose}


@pytest.mark.parametrize(("ticket", "phase"), HALTS.items())
def test_the_release_halts_where_it_is_meant_to(story: BackAndForth, ticket: str, phase: str) -> None:
    assert f"release-run failed in phase {phase}. To roll back:" in story.said(f"run {ticket}")


@pytest.mark.parametrize("ticket", HALTS)
def test_it_is_taken_back_all_the_same(story: BackAndForth, ticket: str) -> None:
    assert story.code(f"revert {ticket}") == 0, story.said(f"revert {ticket}")


@pytest.mark.parametrize("ticket", HALTS)
def test_the_environment_is_free_again(story: BackAndForth, ticket: str) -> None:
    assert story.notes[ticket] == ""


@pytest.mark.parametrize("ticket", HALTS)
def test_code_images_and_dotenv_file_are_those_of_before(story: BackAndForth, ticket: str) -> None:
    before, after = story.moments["before"], story.moments[f"revert {ticket}"]
    assert (after.tree, after.status, after.dotenv, after.images) == (
        before.tree,
        before.status,
        before.dotenv,
        before.images,
    )


# --- prepare -----------------------------------------------------------------------------------------------------


def test_before_the_checkout_has_moved_nothing_is_made_up(story: BackAndForth) -> None:
    assert story.moments["revert 1"] == story.moments["before"]


def test_before_the_checkout_has_moved_there_is_only_one_thing_to_look_at(story: BackAndForth) -> None:
    steps = started_steps(events(story.stack, "1"))
    assert [step for step in steps if step.startswith("revert.")] == ["revert.checkout"]


def test_before_the_checkout_has_moved_nothing_is_held_as_bad(story: BackAndForth) -> None:
    assert story.code("run 2") == 1, "the commits of ticket 1 came with ticket 2, and nobody was asked"


# --- migrate, before anything is stopped --------------------------------------------------------------------------


def test_a_build_that_fails_has_touched_no_service(story: BackAndForth) -> None:
    assert story.replaced("before", "revert 2") == set()


def test_the_tag_of_a_service_that_was_only_built_names_what_it_runs(story: BackAndForth) -> None:
    assert story.notes["image of web after 2"] == story.moments["revert 2"].images["web"]


def test_a_build_that_fails_is_taken_back_by_one_commit(story: BackAndForth) -> None:
    assert of_type(events(story.stack, "2"), "revert_requested")[0]["plan"]["services"] == []
    assert story.moments["revert 2"].head != story.moments["run 2"].head


# --- migrate, behind the first of two services --------------------------------------------------------------------


def test_the_service_that_is_unhealthy_is_recreated(story: BackAndForth) -> None:
    assert story.replaced("run 2", "run 3") == {"web"}
    assert story.replaced("run 3", "revert 3") == {"web"}


def test_the_service_behind_it_keeps_its_container(story: BackAndForth) -> None:
    assert story.moments["revert 3"].containers["front"] == story.moments["before"].containers["front"]
