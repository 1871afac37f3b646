"""A release whose backup fails, then its build; both are mended, the second by a commit that resuming takes up."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from support.stack_images import docker
from support.stories import Halts, of_type, served, started_steps

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.stack import Stack
    from support.stack_images import FirstImages


@pytest.fixture(scope="module", name="story")
def _story(tmp_path_factory: pytest.TempPathFactory, first_images: FirstImages) -> Iterator[Halts]:
    with served(tmp_path_factory.mktemp("prepare") / "stack", first_images, ("web", "front")) as (stack, _):
        yield _told(stack)


def _told(stack: Stack) -> Halts:
    story, git = Halts(stack, "1234"), stack.ops.git
    story.notes["base"] = git("rev-parse", "HEAD")
    story.containers["before"] = stack.containers.ids()
    story.notes["first merge"] = stack.merge("1234", _broken_web(stack))
    story.client("backup", "run", "1234")
    story.notes["head after the backup failed"] = stack.ops.head()
    story.notes["running after the backup failed"] = json.dumps(stack.containers.running_tags())
    story.notes["sets after the backup failed"] = str(list((stack.state_dir / "backups").glob("*/*/*")))
    git("commit", "--quiet", "--allow-empty", "-m", "Work in between")
    story.client("moved", "resume", "1234", "--reason", "mended")
    git("reset", "--quiet", "--hard", "HEAD~1")
    _create_missing_volume(stack)
    story.client("build", "resume", "1234", "--reason", "the volume is there now")
    story.notes["env file after the build failed"] = stack.derived("1234", "env")
    story.notes["second merge"] = stack.ops.commit(_fix(stack), "Build web again, and mend front")
    story.client("end", "run", "1234", "--from=prepare", "--reason", "the Dockerfile is mended")
    return story


def _broken_web(stack: Stack) -> dict[str, str]:
    """Web at version 2: it asks for a backup of a volume that does not exist, and its image cannot be built."""
    files = stack.new_version("web", "2")
    manifest = files["packages/web/manifest.yaml"].replace("[web-data]", "[web-data, web-extra]")
    dockerfile = files["packages/web/src/Dockerfile"] + 'RUN echo "no space for /www" && exit 7\n'
    return {**files, "packages/web/manifest.yaml": manifest, "packages/web/src/Dockerfile": dockerfile}


def _fix(stack: Stack) -> dict[str, str]:
    """The Dockerfile mended, and one more service, which asks for a backup of its own."""
    web, front = stack.new_version("web", "2"), stack.new_version("front", "2")
    asks = "backup: {enabled: true, type: config}\n"
    front["packages/front/manifest.yaml"] += asks
    return {"packages/web/src/Dockerfile": web["packages/web/src/Dockerfile"], **front}


def _create_missing_volume(stack: Stack) -> None:
    label = f"com.docker.compose.project={stack.names.project('web')}"
    docker("volume", "create", "--label", label, f"{stack.names.prefix}web-extra")


def _backups(env_file: str) -> dict[str, str]:
    line = next(line for line in env_file.splitlines() if line.startswith("BACKUPS="))
    return dict(pair.split("=") for pair in line.removeprefix("BACKUPS=").strip('"').split())


# --- the backup --------------------------------------------------------------------------------------------------


def test_a_backup_that_fails_makes_the_client_exit_with_1(story: Halts) -> None:
    assert story.code("backup") == 1, story.said("backup")


def test_service_and_volume_of_the_failed_backup_are_named(story: Halts) -> None:
    assert "[ERROR] The backup of web failed: the engine knows no such thing as its volume web-extra." in story.said(
        "backup"
    )


def test_the_way_back_is_told_with_the_phase(story: Halts) -> None:
    assert "release-run failed in phase prepare. To roll back:\n  releasectl revert 1234\n" in story.said("backup")


def test_the_log_of_the_ticket_says_that_prepare_failed(story: Halts) -> None:
    assert story.logs["backup"].endswith(" ticket=1234 phase=prepare event=failed rc=1\n")


def test_the_checkout_does_not_move_before_everything_is_backed_up(story: Halts) -> None:
    assert story.notes["head after the backup failed"] == story.notes["base"]


def test_what_was_stopped_for_a_backup_that_failed_runs_again(story: Halts) -> None:
    assert json.loads(story.notes["running after the backup failed"]) == {"web": "1", "front": "1"}
    assert story.containers["backup"] == story.containers["before"]


def test_of_a_backup_that_failed_nothing_is_left(story: Halts) -> None:
    assert story.notes["sets after the backup failed"] == "[]"


def test_a_checkout_with_a_new_commit_is_not_resumed(story: Halts) -> None:
    assert story.code("moved") == 3
    assert "somebody moved the checkout" in story.said("moved")


# --- the build ---------------------------------------------------------------------------------------------------


def test_a_resume_goes_on_to_the_next_phase(story: Halts) -> None:
    assert " phase=prepare event=resumed\n" in story.logs["build"]
    assert " phase=prepare event=done rc=0\n" in story.logs["build"]


def test_a_build_that_fails_makes_the_client_exit_with_1(story: Halts) -> None:
    assert story.code("build") == 1, story.said("build")


def test_image_and_service_of_the_failed_build_are_named(story: Halts) -> None:
    assert f"[ERROR] The build of {story.stack.names.image('web')}:2 (web) failed: " in story.said("build")


def test_what_the_build_printed_stands_below(story: Halts) -> None:
    assert "  │ no space for /www\n" in story.said("build")


def test_the_way_back_is_told_from_migrate_too(story: Halts) -> None:
    assert "release-run failed in phase migrate. To roll back:\n  releasectl revert 1234\n" in story.said("build")


def test_nothing_is_stopped_before_its_image_is_built(story: Halts) -> None:
    assert story.containers["build"] == story.containers["before"]


# --- the fix that came as a commit -------------------------------------------------------------------------------


def test_the_release_ends_well(story: Halts) -> None:
    assert story.code("end") == 0, story.said("end")


def test_the_checkout_stands_at_the_commit_that_brought_the_fix(story: Halts) -> None:
    assert story.stack.ops.head() == story.notes["second merge"]


def test_the_merge_advances_and_the_base_stays(story: Halts) -> None:
    env = story.stack.derived("1234", "env")
    assert f"BASE_SHA={story.notes['base']}\nMERGE_SHA={story.notes['second merge']}\n" in env


def test_the_diff_is_classified_again(story: Halts) -> None:
    assert 'SERVICES="web front"\n' in story.stack.derived("1234", "env")


def test_a_service_is_not_backed_up_again(story: Halts) -> None:
    before = _backups(story.notes["env file after the build failed"])
    assert before == {"web": _backups(story.stack.derived("1234", "env"))["web"]}


def test_a_service_that_the_fix_brought_is_backed_up(story: Halts) -> None:
    succeeded = [data["step"] for data in of_type(story.record, "step_succeeded") if data["step"].endswith(".backup")]
    assert succeeded == ["web.backup", "front.backup"]


def test_every_affected_service_runs_its_new_image(story: Halts) -> None:
    assert story.stack.containers.running_tags() == {"web": "2", "front": "2"}


def test_images_are_kept_once_as_they_were_before_the_release(story: Halts) -> None:
    keeping = [step for step in started_steps(story.record) if step.endswith(".keep-images")]
    assert keeping == ["web.keep-images", "front.keep-images"]
