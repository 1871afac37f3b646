"""A release whose daemon and script are killed: what to do then has a playbook at each stop."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.blocking_script import NAME, TICKET, BlockingScript
from support.playbook_repair import Failed, failed
from support.stories import served

if TYPE_CHECKING:
    from collections.abc import Iterator

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
        story = {"release-interrupted": failed(stack.client, "release-interrupted", _nothing, "watch", TICKET)}
        story["step-in-doubt"] = failed(stack.client, "step-in-doubt", _nothing, "resume", TICKET)
        stack.client("resolve", TICKET, NAME, "--as", "done", "--reason", "its work is there", "--yes")
        assert stack.client("resume", TICKET).returncode == 0
        yield story


def _nothing() -> None:
    """Nothing is to be done by hand."""


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
