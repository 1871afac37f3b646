"""A release whose daemon and script are killed: what to do then has a playbook at each stop."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pytest

from support.blocking_script import NAME, TICKET, BlockingScript
from support.playbook_matches import Repair, Seen, repaired, seen
from support.stories import served

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.stack import Stack
    from support.stack_images import FirstImages

FAILURES = ("release-interrupted", "step-in-doubt")


@pytest.fixture(scope="module", name="story")
def _story(tmp_path_factory: pytest.TempPathFactory, first_images: FirstImages) -> Iterator[dict[str, Failed]]:
    home = tmp_path_factory.mktemp("playbooks") / "stack"
    with served(home, first_images, running=(), recovery={"on_restart": "halt"}) as (stack, daemon):
        script = BlockingScript.merged(stack)
        assert stack.client("run", TICKET, "--detach").returncode == 0
        script.await_begin()
        daemon.kill()
        script.kill()
        daemon.start()
        story = {"release-interrupted": _failed(stack, "release-interrupted", "watch", TICKET)}
        story["step-in-doubt"] = _failed(stack, "step-in-doubt", "resume", TICKET)
        stack.client("resolve", TICKET, NAME, "--as", "done", "--reason", "its work is there", "--yes")
        assert stack.client("resume", TICKET).returncode == 0
        yield story


class Failed(NamedTuple):
    """A failure, what playbooks said of it, and what the first of them did."""

    seen: Seen
    repair: Repair


def _failed(stack: Stack, playbook: str, *arguments: str) -> Failed:
    found = seen(stack.client, TICKET, stack.client(*arguments))
    return Failed(found, repaired(stack.client, TICKET, playbook, lambda: None))


@pytest.mark.parametrize("playbook", FAILURES)
def test_the_detection_of_a_playbook_finds_what_it_expects(story: dict[str, Failed], playbook: str) -> None:
    assert story[playbook].repair.detected


@pytest.mark.parametrize("playbook", FAILURES)
def test_a_playbook_is_applied_and_what_proves_it_passes(story: dict[str, Failed], playbook: str) -> None:
    applied = story[playbook].repair.applied

    assert applied.returncode == 0, applied.stdout + applied.stderr


@pytest.mark.parametrize("playbook", FAILURES)
def test_the_playbook_of_an_interruption_is_found_first(story: dict[str, Failed], playbook: str) -> None:
    assert story[playbook].seen.sighted[:1] == [playbook]


@pytest.mark.parametrize("playbook", FAILURES)
def test_the_playbook_of_an_interruption_is_found_first_from_its_text_alone(
    story: dict[str, Failed], playbook: str
) -> None:
    assert story[playbook].seen.blind[:1] == [playbook]
