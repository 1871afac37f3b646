"""The data of a stateful service stays unless it is chosen, in whichever direction a release goes."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from support.site import Refusal, Site
from support.stack import ENVIRONMENT
from support.stories import Halts, served

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.stack import Stack
    from support.stack_images import FirstImages

WAYS = ("only data", "forth with all", "back without data", "forth", "back with web")


@dataclass(frozen=True)
class Moment:
    """What stands at one moment."""

    head: str
    tag: str
    """That web runs."""
    files: frozenset[str]
    """In web's volume, those that users wrote."""
    status: Any


@dataclass
class Story(Halts):
    """One release that goes back and forth."""

    moments: dict[str, Moment] = field(default_factory=dict)
    refusal: Refusal | None = None

    def client(self, name: str, *arguments: str) -> None:
        """Run the client, and look around."""
        super().client(name, *arguments)
        self.moments[name] = self._look()

    def write(self, name: str) -> None:
        """Be a user."""
        self.stack.containers.run_in("web", "touch", f"/data/{name}")

    def _look(self) -> Moment:
        stack = self.stack
        files = stack.containers.run_in("web", "ls", "/data").split()
        status = json.loads(stack.client("-o", "json", "status", "1234").stdout)
        return Moment(stack.ops.head(), stack.containers.running_tags()["web"], frozenset(files) - {"starts"}, status)


@pytest.fixture(scope="module", name="story")
def _story(tmp_path_factory: pytest.TempPathFactory, first_images: FirstImages) -> Iterator[Story]:
    with served(tmp_path_factory.mktemp("stateful") / "stack", first_images, ("web",)) as (stack, _):
        yield _told(stack)


def _told(stack: Stack) -> Story:
    story = Story(stack, "1234")
    stack.merge("1234", stack.new_version("web", "2"))
    story.write("before")
    story.client("run", "run", "1234")
    story.write("order")
    story.client("looked at", "revert", "1234", "--dry-run", "-o", "json")
    story.client("read", "revert", "1234", "--dry-run")
    story.client("only data", "revert", "1234", "--yes", "--skip-git", "--with-data", "web")
    story.write("between")
    story.client("forth with all", "revert", "1234", "--yes", "--with-data", "all")
    with _damaged(story):
        story.refusal = _site(stack).refuses("revert", "1234", "--yes", "--with-data", "web")
        story.client("back without data", "revert", "1234", "--yes", "--skip-data")
    story.client("forth", "revert", "1234", "--yes")
    story.client("back with web", "revert", "1234", "--yes", "--with-data", "web")
    return story


def _site(stack: Stack) -> Site:
    database = stack.state_dir / "released.db"
    return Site(ENVIRONMENT, stack.ops, database, stack.client, stack.containers.ids)


@contextmanager
def _damaged(story: Story) -> Iterator[None]:
    """Cut the end of the archive off for a while."""
    archive = next(_set_of_the_release(story).glob("volume-*.tar.zst"))
    whole = archive.read_bytes()
    archive.write_bytes(whole[:-8])
    yield
    archive.write_bytes(whole)


def _set_of_the_release(story: Story) -> Path:
    stamp: str = story.moments["run"].status["backups"][0]["stamp"]
    return story.stack.state_dir / "backups" / "prod" / "web" / stamp


# --- what is said beforehand -------------------------------------------------------------------------------------


def test_that_the_data_stays_and_how_to_choose_it_is_said_beforehand(story: Story) -> None:
    (web,) = json.loads(story.told["looked at"].stdout)["services"]
    assert (web["data"], web["stateful"]) == ("kept", True)
    assert web["data_reason"] == "stateful: restored only with --with-data web"


def test_people_are_told_too(story: Story) -> None:
    assert "kept  stateful: restored only with --with-data web" in story.said("read")


# --- which way it goes -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["run", *WAYS])
def test_each_way_ends_well(story: Story, name: str) -> None:
    assert story.code(name) == 0, story.said(name)


@pytest.mark.parametrize(("name", "tag"), list(zip(WAYS, ("2", "2", "1", "2", "1"), strict=True)))
def test_the_code_goes_back_and_forth_unless_it_is_left_out(story: Story, name: str, tag: str) -> None:
    assert story.moments[name].tag == tag


FILES = ({"before"}, {"before", "order"}, {"before", "order"}, {"before", "order"}, {"before"})


@pytest.mark.parametrize(("name", "files"), list(zip(WAYS, FILES, strict=True)))
def test_the_data_stays_unless_it_is_chosen(story: Story, name: str, files: set[str]) -> None:
    assert story.moments[name].files == files


@pytest.mark.parametrize(("name", "restored"), list(zip(WAYS, (["web"], ["web"], [], [], ["web"]), strict=True)))
def test_whose_data_was_restored_is_on_record(story: Story, name: str, restored: list[str]) -> None:
    assert story.moments[name].status["revert"]["data_restored"] == restored


def test_without_git_the_checkout_stays_where_it_is(story: Story) -> None:
    assert story.moments["only data"].head == story.moments["run"].head


def test_without_git_the_service_gets_new_containers_all_the_same(story: Story) -> None:
    assert story.containers["only data"] != story.containers["run"]


def test_the_decision_for_the_data_is_shown_wherever_the_release_is_shown(story: Story) -> None:
    shown = {(one["kind"], one["detail"]) for one in story.moments["only data"].status["overrides"]}
    assert shown == {
        ("skip_git", "the code is not taken back"),
        ("with_data", "stateful data is restored: web"),
    }


# --- a backup that cannot be read ---------------------------------------------------------------------------------


def test_a_damaged_backup_is_refused_by_name_before_anything_is_touched(story: Story) -> None:
    assert story.refusal is not None
    assert story.refusal.reason == "way_back_missing"
    assert f"web: The backup {_set_of_the_release(story)}/volume-" in story.refusal.message
