"""Text of others that would repaint a terminal, or add lines of its own to what is told."""

from __future__ import annotations

import json
import re
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from support.bare_environment import BareEnvironment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.evidence import Evidence

pytestmark = pytest.mark.tier1

ATTACK = "\x1b]0;owned\x07\x1b[2J\r[ERROR] all is well\x1b[8m\x9b31m\u202e\x7f"
SCRIPT = "#!/bin/sh\nprintf '" + ATTACK.replace("\x1b", "\\033").replace("\r", "\\r") + "\\n'\nexit 1\n"
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]")
LOOKS = ("status", "status 1", "list", "logs 1", "watch 1", "diagnose 1", "plan 2", "run 2", "playbook new 1")


@pytest.fixture(scope="module", name="attacked")
def _attacked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BareEnvironment]:
    """Give an environment with a commit, a script, a file, a reason and a remark that hold control characters."""
    with BareEnvironment(tmp_path_factory.mktemp("attacked")) as environment:
        files = {"releases/1-a.sh": SCRIPT, f"docs/{ATTACK.replace('/', '')}": "x"}
        environment.ops.merge_pull_request("ticket-1", files, f"Ticket 1 {ATTACK}")
        environment.client("run", "1")
        environment.client("note", "1", ATTACK)
        environment.client("hold", "--reason", f"why {ATTACK}")
        environment.ops.merge_pull_request("ticket-2", {"docs/b": "x"}, f"Ticket 2 {ATTACK}")
        yield environment


def test_nothing_that_is_shown_moves_the_cursor_or_begins_a_line_of_its_own(
    attacked: BareEnvironment, evidence: Evidence
) -> None:
    """Row 52: escape sequences, carriage returns and characters that turn the direction, in all that others wrote."""
    with ThreadPoolExecutor() as people:
        answers = people.map(lambda command: attacked.client(*command.split()), LOOKS)
        shown = {command: answer.stdout + answer.stderr for command, answer in zip(LOOKS, answers, strict=True)}

    assert {command: repr(text) for command, text in shown.items() if CONTROL.search(text)} == {}
    assert all("all is well" in shown[command] for command in ("status", "logs 1", "watch 1", "diagnose 1"))
    evidence.fired(len(shown))


def test_each_line_of_the_daemons_log_is_one_that_it_wrote(attacked: BareEnvironment, evidence: Evidence) -> None:
    """Row 52: the log on stderr, which escapes what others wrote."""
    lines = attacked.daemon.log.splitlines()

    assert [line for line in lines if CONTROL.search(line) or "event" not in json.loads(line)] == []
    evidence.fired(len(lines))


def test_each_line_of_a_tickets_log_is_an_event(attacked: BareEnvironment, evidence: Evidence) -> None:
    """Row 52: the derived log that operators and scripts read."""
    log = (attacked.ops.checkout / ".asd/workspace/releases/1.log").read_text()
    line = re.compile(r"\S+Z ticket=1 phase=\w+ event=\w+( rc=\d+)?")

    assert [one for one in log.split("\n")[:-1] if not line.fullmatch(one)] == []
    evidence.fired(log.count("\n"))
