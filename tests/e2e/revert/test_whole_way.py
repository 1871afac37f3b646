"""A release that went through is taken back, then that revert, and then the release once more.

Its way back halts at a hook at first. ``web`` is rebuilt under the tag that it had, its data is not stateful and comes
back with it; ``front`` gets another tag, under a variable that ``.env`` did not have.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

import pytest

from support.stack_files import SECRET_NAME
from support.stack_images import docker
from support.standing import BackAndForth
from support.stories import of_type, served, started_steps
from support.volume_picture import Picture, volume_picture

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.stack import Stack
    from support.stack_images import FirstImages

HOOK = '#!/bin/sh\n# released: repeatable\n. ./.env\necho "$0 knows ${' + SECRET_NAME + '}"\n'
STUBBORN_HOOK = f"{HOOK}test -e .asd/mended || exit 7\n"
FIXES = "fixes: {post_restore: {functions: [chown-data]}}\n"
FURNISH = """\
umask 022; cd /data
echo precious >kept; ln kept same-file; ln -s kept link; ln -s /nowhere dangling
mkdir -p deep/er; echo x >'deep/er/two words'; mkfifo deep/pipe
chown 1000:1001 kept deep; chmod 4750 kept; chmod 1777 deep
touch -d '2001-02-03 04:05:06' kept deep/er; touch -h -d '2001-02-03 04:05:06' link
"""
SPOIL = "cd /data; rm same-file deep/pipe; echo spoilt >kept; chown -R 5:5 deep; chmod 700 deep; echo late >order"


@dataclass(frozen=True)
class Inside:
    """What stands at one moment besides checkout and containers."""

    tags: dict[str, str]
    """Reference to the image that it names."""
    volume: Picture
    served: str
    """What web says which version it is."""
    backups: int
    """How many sets there are of web."""

    @classmethod
    def of(cls, stack: Stack) -> Self:
        """Look around."""
        references = [f"{stack.names.image(service)}:1" for service in ("web", "front")]
        ids = docker("image", "inspect", "--format", "{{.Id}}", *references).split()
        return cls(
            tags=dict(zip(references, ids, strict=True)),
            volume=_without_starts(volume_picture(stack.names.container("web"), "/data")),
            served=stack.containers.run_in("web", "cat", "/www/version"),
            backups=len(list(stack.state_dir.glob("backups/prod/web/*/manifest.json"))),
        )


def _without_starts(volume: Picture) -> Picture:
    """Leave out what web writes at each start, and with it the time of its folder."""
    return {path: entry for path, entry in volume.items() if path not in ("", "starts")}


@dataclass
class Story(BackAndForth):
    """One release, there and back and there again."""

    inside: dict[str, Inside] = field(default_factory=dict)
    steps: list[str] = field(default_factory=list)
    """All that were begun, in their order."""

    def client(self, name: str, *arguments: str) -> None:
        """Run the client, and look around."""
        super().client(name, *arguments)
        self.inside[name] = Inside.of(self.stack)


@pytest.fixture(scope="module", name="story")
def _story(tmp_path_factory: pytest.TempPathFactory, first_images: FirstImages) -> Iterator[Story]:
    with served(tmp_path_factory.mktemp("whole") / "stack", first_images, ("web", "front")) as (stack, _):
        yield _told(stack)


def _told(stack: Stack) -> Story:
    _prepare_the_ground(stack)
    story = Story.begin(stack)
    story.inside["before"] = Inside.of(stack)
    stack.merge("1234", _changes(stack))
    story.client("run", "run", "1234")
    stack.containers.run_in("web", "sh", "-c", SPOIL)
    story.client("looked at", "revert", "1234", "--dry-run", "-o", "json")
    story.client("halted", "revert", "1234", "--yes")
    story.client("forward", "run", "1234", "--from=migrate", "--reason", "why")
    story.refuses("anew", "run", "1234")
    story.refuses("back again", "revert", "1234", "--yes")
    (stack.ops.checkout / ".asd" / "mended").touch()
    story.client("back", "resume", "1234", "--reason", "mended")
    stack.containers.run_in("web", "touch", "/data/after-the-revert")
    story.client("forth", "revert", "1234", "--yes")
    story.client("back once more", "revert", "1234", "--yes")
    story.steps = started_steps(story.record)
    return story


def _prepare_the_ground(stack: Stack) -> None:
    stack.ops.commit(_first_version(stack), "Data of web goes with its code")
    stack.ops.git("pull", "--quiet", "--ff-only", "origin", "main")
    path = stack.ops.checkout / ".env"
    lines = path.read_bytes().replace(b"WEB_IMAGE_TAG=1\n", b"export WEB_IMAGE_TAG='1'  # as on the first day\r\n")
    path.write_bytes(lines + b"# odd  \r\nODD='two words' # and a comment\n\nWINDOWS=yes\r\nLAST='no end of line'")
    stack.containers.run_in("web", "sh", "-c", FURNISH)


def _first_version(stack: Stack) -> dict[str, str]:
    web = stack.new_version("web", "1")
    return {
        "packages/web/manifest.yaml": web["packages/web/manifest.yaml"].replace("stateful: true\n", FIXES),
        "packages/web/scripts/chown-data.sh": HOOK,
        "packages/web/scripts/post_data_restore.10-reindex.sh": STUBBORN_HOOK,
        "packages/front/scripts/post_data_restore.10-never.sh": HOOK,
    }


def _changes(stack: Stack) -> dict[str, str]:
    front = stack.new_version("front", "2")
    renamed = {
        path: text.replace("FRONT_IMAGE_TAG", "FRONT_RELEASE") for path, text in front.items() if "tpl.env" not in path
    }
    return {**renamed, "packages/web/src/www/version": "web 2\n"}


# --- the halt ----------------------------------------------------------------------------------------------------


def test_a_hook_that_fails_halts_the_way_back(story: Story) -> None:
    assert story.code("halted") == 1, story.said("halted")
    assert "post_data_restore.10-reindex.sh ended with exit code 7." in story.said("halted")
    assert "release-run failed in phase revert." in story.said("halted")


def test_the_command_that_goes_on_is_told(story: Story) -> None:
    assert "  releasectl resume 1234 " in story.said("halted")


def test_no_secret_of_a_hook_is_printed(story: Story) -> None:
    assert "knows ***" in story.stack.client("logs", "1234", "--phase", "revert").stdout


def test_from_the_way_back_no_phase_goes_forward(story: Story) -> None:
    assert story.code("forward") == 3, story.said("forward")
    assert "Ticket 1234 is halted on its way back; it can only go on there, not in migrate." in story.said("forward")


def test_on_the_way_back_the_ticket_is_not_run_anew(story: Story) -> None:
    assert story.refusals["anew"].reason == "halted"


def test_a_way_back_that_halted_is_not_begun_again(story: Story) -> None:
    assert story.refusals["back again"].reason == "halted_in_revert"


def test_the_resumed_way_back_ends_well(story: Story) -> None:
    assert story.code("back") == 0, story.said("back")


def test_a_resume_goes_on_with_the_hook_and_repeats_nothing(story: Story) -> None:
    record = story.record
    types = [event["type"] for event in record]
    steps = started_steps(record[types.index("resumed") : types.index("reverted")])
    assert steps == [
        "revert.web.post_data_restore.10-reindex.sh",
        "revert.front.tag",
        "revert.front.recreate",
        "revert.front.healthy",
        "revert.web.verify",
        "revert.front.verify",
    ]


def test_the_log_of_the_ticket_tells_of_the_halt(story: Story) -> None:
    lines = [line.partition(" phase=")[2] for line in story.logs["back"].splitlines()]
    assert [line for line in lines if line.startswith("revert")] == [
        "revert event=start",
        "revert event=failed rc=7",
        "revert event=resumed",
        "revert event=done rc=0",
    ]


# --- the hooks ---------------------------------------------------------------------------------------------------


def test_fixes_run_before_health_is_waited_for_and_other_hooks_after(story: Story) -> None:
    assert [step for step in story.steps if step.startswith("revert.web.")][:10] == [
        "revert.web.save",
        "revert.web.keep-images",
        "revert.web.compose",
        "revert.web.image",
        "revert.web.restore",
        "revert.web.tag",
        "revert.web.recreate",
        "revert.web.fix.chown-data.sh",
        "revert.web.healthy",
        "revert.web.post_data_restore.10-reindex.sh",
    ]


def test_hooks_of_a_service_whose_data_was_not_restored_do_not_run(story: Story) -> None:
    assert not [step for step in story.steps if step.startswith("revert.front.post_data_restore")]


# --- what stands afterwards --------------------------------------------------------------------------------------

AS_BEFORE = pytest.mark.parametrize("moment", ["back", "back once more"])


@AS_BEFORE
def test_the_code_is_that_of_before(story: Story, moment: str) -> None:
    assert story.moments[moment].tree == story.moments["before"].tree


@AS_BEFORE
def test_every_container_runs_the_image_of_before(story: Story, moment: str) -> None:
    assert story.moments[moment].images == story.moments["before"].images


@AS_BEFORE
def test_the_tags_name_the_images_of_before(story: Story, moment: str) -> None:
    assert story.inside[moment].tags == story.inside["before"].tags


@AS_BEFORE
def test_a_rebuilt_service_serves_what_it_served_before(story: Story, moment: str) -> None:
    assert (story.inside["run"].served, story.inside[moment].served) == ("web 2\n", "web 1\n")


@AS_BEFORE
def test_the_dotenv_file_is_that_of_before_to_the_byte(story: Story, moment: str) -> None:
    assert story.moments["run"].dotenv != story.moments["before"].dotenv
    assert story.moments[moment].dotenv == story.moments["before"].dotenv


@AS_BEFORE
def test_the_volume_holds_what_it_held_before_to_the_byte(story: Story, moment: str) -> None:
    assert story.inside[moment].volume == story.inside["before"].volume


@AS_BEFORE
def test_what_was_written_after_the_release_is_gone(story: Story, moment: str) -> None:
    assert {"order", "after-the-revert"} & story.inside[moment].volume.keys() == set()


@AS_BEFORE
def test_the_work_tree_is_clean(story: Story, moment: str) -> None:
    assert story.moments[moment].status == ""


# --- the revert is taken back ------------------------------------------------------------------------------------


def test_each_way_saves_what_stood_first(story: Story) -> None:
    made = [story.inside[name].backups for name in ("before", "run", "back", "forth", "back once more")]
    assert made == [0, 1, 2, 3, 4]


def test_a_revert_that_was_taken_back_leaves_code_and_dotenv_file_of_the_release(story: Story) -> None:
    assert story.code("forth") == 0, story.said("forth")
    released, forth = story.moments["run"], story.moments["forth"]
    assert (forth.tree, forth.dotenv) == (released.tree, released.dotenv)


def test_a_revert_that_was_taken_back_leaves_the_images_of_the_release(story: Story) -> None:
    assert story.moments["forth"].images == story.moments["run"].images


def test_a_revert_that_was_taken_back_leaves_the_data_of_just_before_it(story: Story) -> None:
    assert story.inside["forth"].volume == story.inside["looked at"].volume


def test_a_revert_that_was_taken_back_leaves_a_released_ticket(story: Story) -> None:
    assert of_type(story.record, "revert_undone") == [{"run": 1}]


# --- what was said beforehand ------------------------------------------------------------------------------------


def test_the_data_that_is_lost_is_said_beforehand(story: Story) -> None:
    services = json.loads(story.told["looked at"].stdout)["services"]
    shown = {one["name"]: (one["data"], one["backup"]) for one in services}
    assert shown == {"web": ("restored", _stamp(story)), "front": ("none", "")}


def _stamp(story: Story) -> str:
    line = next(line for line in story.stack.derived("1234", "env").splitlines() if line.startswith("BACKUPS="))
    return line.removeprefix('BACKUPS="web=').removesuffix('"')


def test_the_look_beforehand_changes_nothing(story: Story) -> None:
    assert story.moments["looked at"] == story.moments["run"]
