"""The data of a stateful service stays unless it is chosen, in whichever direction a release goes."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from support.standing import BackAndForth, Standing
from support.stories import served
from support.terminal import at_terminal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.stack import Stack
    from support.stack_images import FirstImages

DATA = "web is stateful. Restore its data, too?"
GO_ON = "Go on? [y/N]"
WAYS = ("only data", "forth with all", "back without data", "forth", "back with web")


@dataclass
class Story(BackAndForth):
    """One release that goes back and forth."""

    tags: dict[str, str] = field(default_factory=dict)
    """What web ran."""
    files: dict[str, set[str]] = field(default_factory=dict)
    """What users wrote into web's volume."""
    statuses: dict[str, Any] = field(default_factory=dict)

    def client(self, name: str, *arguments: str) -> None:
        """Run the client, and look around."""
        super().client(name, *arguments)
        self.look(name)

    def look(self, name: str) -> None:
        """Look at web, its data and what is on record."""
        containers = self.stack.containers
        self.tags[name] = containers.running_tags()["web"]
        self.files[name] = set(containers.run_in("web", "ls", "/data").split()) - {"starts"}
        self.statuses[name] = json.loads(self.stack.client("-o", "json", "status", "1234").stdout)

    def answer(self, name: str, *answers: tuple[str, str]) -> None:
        """Type ``revert 1234`` at a terminal, answer, and look around."""
        self.told[name] = at_terminal(["revert", "1234"], self.stack.client_environment(), answers)
        self.moments[name] = Standing.of(self.stack)
        self.look(name)


@pytest.fixture(scope="module", name="story")
def _story(tmp_path_factory: pytest.TempPathFactory, first_images: FirstImages) -> Iterator[Story]:
    with served(tmp_path_factory.mktemp("stateful") / "stack", first_images, ("web",)) as (stack, _):
        yield _told(stack)


def _told(stack: Stack) -> Story:
    story = Story.begin(stack)
    stack.merge("1234", stack.new_version("web", "2"))
    stack.containers.run_in("web", "touch", "/data/before")
    story.client("run", "run", "1234")
    stack.containers.run_in("web", "touch", "/data/order")
    story.notes["preview"] = stack.client("-o", "json", "revert", "1234", "--dry-run").stdout
    story.client("only data", "revert", "1234", "--yes", "--skip-git", "--with-data", "web")
    stack.containers.run_in("web", "touch", "/data/between")
    story.client("forth with all", "revert", "1234", "--yes", "--with-data", "all")
    with _damaged(story):
        story.refuses("damaged", "revert", "1234", "--yes", "--with-data", "web")
        story.client("back without data", "revert", "1234", "--yes", "--skip-data")
    story.client("forth", "revert", "1234", "--yes")
    story.answer("declined", (DATA, "y"), (GO_ON, "n"))
    story.answer("back with web", (DATA, "y"), (GO_ON, "y"))
    return story


@contextmanager
def _damaged(story: Story) -> Iterator[None]:
    """Cut the end of the archive off for a while."""
    archive = next(_set_of_the_release(story).glob("volume-*.tar.zst"))
    whole = archive.read_bytes()
    archive.write_bytes(whole[:-8])
    yield
    archive.write_bytes(whole)


def _set_of_the_release(story: Story) -> Path:
    stamp: str = story.statuses["run"]["backups"][0]["stamp"]
    return story.stack.state_dir / "backups" / "prod" / "web" / stamp


# --- what is said beforehand -------------------------------------------------------------------------------------


def test_that_the_data_stays_and_how_to_choose_it_is_said_beforehand(story: Story) -> None:
    (web,) = json.loads(story.notes["preview"])["services"]
    assert (web["data"], web["stateful"]) == ("kept", True)
    assert web["data_reason"] == "stateful: restored only with --with-data web"


def test_people_are_told_too(story: Story) -> None:
    assert "kept  stateful: restored only with --with-data web" in story.said("forth")


def test_what_is_chosen_at_the_terminal_is_said_once_more_before_it_is_done(story: Story) -> None:
    asked = " ".join(story.said("declined").split())
    assert "is taken back; what was written since the backup is lost for web. Go on?" in asked


def test_no_ends_with_2_and_nothing_has_changed(story: Story) -> None:
    assert story.code("declined") == 2, story.said("declined")
    assert story.moments["declined"] == story.moments["forth"]
    assert story.statuses["declined"] == story.statuses["forth"]


# --- which way it goes -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["run", *WAYS])
def test_each_way_ends_well(story: Story, name: str) -> None:
    assert story.code(name) == 0, story.said(name)


@pytest.mark.parametrize(("name", "tag"), list(zip(WAYS, ("2", "2", "1", "2", "1"), strict=True)))
def test_the_code_goes_back_and_forth_unless_it_is_left_out(story: Story, name: str, tag: str) -> None:
    assert story.tags[name] == tag


FILES = ({"before"}, {"before", "order"}, {"before", "order"}, {"before", "order"}, {"before"})


@pytest.mark.parametrize(("name", "files"), list(zip(WAYS, FILES, strict=True)))
def test_the_data_stays_unless_it_is_chosen(story: Story, name: str, files: set[str]) -> None:
    assert story.files[name] == files


@pytest.mark.parametrize(("name", "restored"), list(zip(WAYS, (["web"], ["web"], [], [], ["web"]), strict=True)))
def test_whose_data_was_restored_is_on_record(story: Story, name: str, restored: list[str]) -> None:
    assert story.statuses[name]["revert"]["data_restored"] == restored


def test_without_git_the_checkout_stays_where_it_is(story: Story) -> None:
    assert story.moments["only data"].head == story.moments["run"].head


def test_without_git_the_service_gets_new_containers_all_the_same(story: Story) -> None:
    assert story.containers["only data"] != story.containers["run"]


def test_the_decision_for_the_data_is_shown_wherever_the_release_is_shown(story: Story) -> None:
    shown = {(one["kind"], one["detail"]) for one in story.statuses["only data"]["overrides"]}
    assert shown == {
        ("skip_git", "the code is not taken back"),
        ("with_data", "stateful data is restored: web"),
    }


# --- a backup that cannot be read ---------------------------------------------------------------------------------


def test_a_damaged_backup_is_refused_by_name_before_anything_is_touched(story: Story) -> None:
    refusal = story.refusals["damaged"]
    assert refusal.reason == "way_back_missing"
    assert f"web: The backup {_set_of_the_release(story)}/volume-" in refusal.message
