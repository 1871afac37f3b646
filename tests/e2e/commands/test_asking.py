"""Commands that ask at a terminal find out first whether they could do anything at all."""

from __future__ import annotations

import fcntl
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from subprocess import CompletedProcess

    from support.site import Site

    Terminal = Callable[..., CompletedProcess[str]]

TICKET = "1200"


@pytest.fixture(name="released")
def _released(site: Site) -> Site:
    site.merge(TICKET, {f"releases/{TICKET}-a.sh": "#!/bin/sh\n"})
    assert site.client("run", TICKET).returncode == 0
    return site


@pytest.mark.parametrize(
    ("command", "why_not"),
    [
        (("cancel", TICKET), "is released, not running, so there is nothing to cancel"),
        (("cancel", TICKET, "--kill", "--reason", "it hangs"), "is released, not running"),
        (("resolve", TICKET, "a-step", "--as", "done"), "is in doubt, so there is nothing to resolve"),
        (("resolve", TICKET, "a-step", "--as", "done", "--reason", "seen"), "is in doubt, so there is nothing"),
        (("lock", "release"), "so there is no lock to release"),
        (("lock", "release", "--reason", "never mind"), "so there is no lock to release"),
        (("resume", TICKET), "is released, not halted, so there is nothing to resume"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_what_cannot_be_done_is_refused_without_a_question(
    released: Site, terminal: Terminal, command: tuple[str, ...], why_not: str
) -> None:
    answer = terminal(released, *command)

    assert answer.returncode == 3
    assert why_not in " ".join(answer.stdout.split())


def test_a_halted_release_is_given_up_once_somebody_at_a_terminal_agreed(site: Site, terminal: Terminal) -> None:
    site.merge(TICKET, {f"releases/{TICKET}-a.sh": "#!/bin/sh\nexit 3\n"})
    assert site.client("run", TICKET).returncode == 1

    answer = terminal(site, "lock", "release", answers=[("Reason, for the record", "never mind"), ("[y/N]", "y")])

    assert answer.returncode == 0
    assert site.document("status", TICKET)["summary"]["state"] == "abandoned"


def test_a_release_that_could_not_go_on_in_its_checkout_is_not_asked_about(site: Site, terminal: Terminal) -> None:
    site.merge(TICKET, {f"releases/{TICKET}-a.sh": "#!/bin/sh\nexit 3\n"})
    assert site.client("run", TICKET).returncode == 1
    site.ops.git("commit", "--quiet", "--allow-empty", "-m", "Work in between")

    answer = terminal(site, "resume", TICKET)

    assert answer.returncode == 3
    assert "somebody moved the checkout" in " ".join(answer.stdout.split())


def test_a_release_whose_workspace_another_tool_holds_is_not_asked_about(site: Site, terminal: Terminal) -> None:
    site.merge(TICKET, {f"releases/{TICKET}-a.sh": "#!/bin/sh\nexit 3\n"})
    assert site.client("run", TICKET).returncode == 1

    with (site.ops.checkout / ".asd/workspace/releases/.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        answer = terminal(site, "resume", TICKET)

    assert answer.returncode == 3
    assert "Another tool holds the lock" in answer.stdout
