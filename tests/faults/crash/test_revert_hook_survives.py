"""A hook on the way back outlives the daemon: it is adopted, runs once, and where nobody can know, a person decides."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from support.blocking_script import BlockingScript
from support.stack import ENVIRONMENT
from support.stories import events, of_type
from support.way_back import REVERT, TICKET, released

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.daemon_process import Daemon
    from support.stack_images import FirstImages

HOOK = "chown-data.sh"
STEP = f"revert.web.fix.{HOOK}"


@dataclass(frozen=True)
class BlockingFix(BlockingScript):
    """What repairs restored data."""

    @property
    def _slot(self) -> Path:
        """The slot of the latest attempt."""
        attempts = (self.stack.state_dir / "steps" / ENVIRONMENT / TICKET / "1" / STEP).iterdir()
        return max(attempts, key=lambda folder: int(folder.name))


@dataclass
class Story:
    """A release that is taken back, and that revert; each time the daemon dies while the hook runs."""

    hook: BlockingFix
    codes: dict[str, int] = field(default_factory=dict)
    """Of the client that watched."""
    runs: dict[str, list[str]] = field(default_factory=dict)
    """What the hook had noted by then, since the first time."""

    def begin(self, daemon: Daemon, times: int) -> None:
        """Go back up to the hook, and kill the daemon."""
        self.hook.stack.client(*REVERT, "--detach")
        self.hook.await_begin(times)
        daemon.kill()

    def watch(self, name: str) -> None:
        """Watch the end."""
        self.codes[name] = self.hook.stack.client("watch", TICKET).returncode
        self.runs[name] = self.hook.runs()


@pytest.fixture(scope="module", name="story")
def _story(tmp_path_factory: pytest.TempPathFactory, first_images: FirstImages) -> Iterator[Story]:
    home = tmp_path_factory.mktemp("hook") / "stack"
    with released(home, first_images, hooks=lambda stack: {HOOK: BlockingFix(stack).content()}) as stack:
        daemon = stack.daemon()
        try:
            yield told(BlockingFix(stack), daemon)
        finally:
            daemon.end()


def told(hook: BlockingFix, daemon: Daemon) -> Story:
    """Go back and forth."""
    story = Story(hook)
    daemon.start()
    story.begin(daemon, 1)
    daemon.start()
    hook.let_end()
    story.watch("adopted")
    story.begin(daemon, 2)
    hook.kill()
    daemon.start()
    story.watch("lost")
    hook.stack.client("resolve", TICKET, STEP, "--as", "done", "--reason", "it had changed the owner", "--yes")
    hook.stack.client("resume", TICKET)
    story.watch("decided")
    return story


def test_a_hook_that_still_runs_is_adopted_and_runs_once(story: Story) -> None:
    assert (story.codes["adopted"], story.runs["adopted"]) == (0, ["began", "ended"])


def test_a_hook_that_was_lost_is_in_doubt_and_is_not_run_again(story: Story) -> None:
    halt = of_type(events(story.hook.stack, TICKET), "halted")[-1]
    assert (halt["phase"], halt["cause"], halt["step"]) == ("revert", "in_doubt", STEP)
    assert (story.codes["lost"], story.runs["lost"]) == (8, ["began", "ended", "began"])


def test_once_a_person_has_decided_the_way_back_goes_on_without_it(story: Story) -> None:
    assert (story.codes["decided"], story.runs["decided"]) == (0, ["began", "ended", "began"])
