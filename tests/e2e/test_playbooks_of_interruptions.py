"""A release whose daemon and script are killed: what to do then has a playbook at each stop."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.blocking_script import NAME, TICKET, BlockingScript
from support.playbook_matches import Seen, seen
from support.stories import served

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.stack_images import FirstImages

FAILURES = ("release-interrupted", "step-in-doubt")


@pytest.fixture(scope="module", name="story")
def _story(tmp_path_factory: pytest.TempPathFactory, first_images: FirstImages) -> Iterator[dict[str, Seen]]:
    home = tmp_path_factory.mktemp("playbooks") / "stack"
    with served(home, first_images, running=(), recovery={"on_restart": "halt"}) as (stack, daemon):
        script = BlockingScript.merged(stack)
        assert stack.client("run", TICKET, "--detach").returncode == 0
        script.await_begin()
        daemon.kill()
        script.kill()
        daemon.start()
        story = {"release-interrupted": seen(stack.client, TICKET, stack.client("watch", TICKET))}
        story["step-in-doubt"] = seen(stack.client, TICKET, stack.client("resume", TICKET))
        stack.client("resolve", TICKET, NAME, "--as", "done", "--reason", "its work is there", "--yes")
        assert stack.client("resume", TICKET).returncode == 0
        yield story


@pytest.mark.parametrize("playbook", FAILURES)
def test_the_playbook_of_an_interruption_is_found_first(story: dict[str, Seen], playbook: str) -> None:
    assert story[playbook].sighted[:1] == [playbook]


@pytest.mark.parametrize("playbook", FAILURES)
def test_the_playbook_of_an_interruption_is_found_first_from_its_text_alone(
    story: dict[str, Seen], playbook: str
) -> None:
    assert story[playbook].blind[:1] == [playbook]
