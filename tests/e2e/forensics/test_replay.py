"""``replay``: a past run is seen again, from its record and what its steps left."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from support.past_of_a_stack import FRONT, WEB
from support.terminal import at_terminal

if TYPE_CHECKING:
    from support.past_of_a_stack import PastOfAStack

pytestmark = pytest.mark.timeout(600)  # the first one waits for three releases


def types(shown: dict[str, Any]) -> list[str]:
    """Name the events that are shown."""
    return [event["type"] for event in shown["events"]]


def test_a_run_is_shown_from_its_beginning_to_its_end(past: PastOfAStack) -> None:
    recorded = [json.loads(line) for line in past.client("events", WEB, "-o", "jsonl").stdout.splitlines()]
    shown = [json.loads(line) for line in past.client("replay", WEB, "-o", "jsonl").stdout.splitlines()]
    assert shown == recorded
    assert past.document("replay", WEB, "--run", "1")["events"] == recorded


def test_what_steps_printed_stands_between_their_begin_and_their_end(past: PastOfAStack) -> None:
    lines = past.client("replay", FRONT, "-v").stdout.splitlines()
    printed = lines.index("  | moved 42 pages")
    assert "1302-move.sh" in lines[printed - 1]
    assert "1302-move.sh" in lines[printed + 1]
    assert "  | no such table: pages" in lines[:printed]


def test_without_v_there_is_a_line_for_each_event(past: PastOfAStack) -> None:
    lines = past.client("replay", WEB).stdout.splitlines()
    assert len(lines) == len(types(past.document("replay", WEB)))


def test_a_run_is_shown_up_to_a_moment(past: PastOfAStack) -> None:
    whole = types(past.document("replay", FRONT))
    assert types(past.document("replay", FRONT, "--until", past.at("halted")))[-1] == "halted"
    assert types(past.document("replay", FRONT, "--until", "3")) == whole[:3]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ((WEB, "--run", "2"), f"Ticket {WEB} has no run 2: the latest is run 1."),
        ((WEB, "--until", "99999"), f"Ticket {WEB} has no event 99999"),
        (("4711",), "Nothing is on record of ticket 4711."),
    ],
    ids=["run", "event", "ticket"],
)
def test_what_is_not_on_record_is_not_found(past: PastOfAStack, options: tuple[str, ...], told: str) -> None:
    assert told in past.client("replay", *options, code=4).stderr


def test_a_pipe_cannot_be_stepped_through(past: PastOfAStack) -> None:
    assert "Only on a terminal" in past.client("replay", WEB, "--step", code=2).stderr


def test_on_a_terminal_keys_step_through_it_and_end_it(past: PastOfAStack) -> None:
    shown = at_terminal(
        ["replay", FRONT, "--step"],
        past.stack.client_environment(),
        [("stands still", "n"), ("prepare", "n"), ("stands still", "q")],
    )
    assert shown.returncode == 0
    assert f"ticket {FRONT}" in shown.stdout


def test_on_a_terminal_it_is_shown_in_its_time(past: PastOfAStack) -> None:
    shown = at_terminal(["replay", FRONT, "--speed", "1000", "--idle", "10ms"], past.stack.client_environment())
    assert shown.returncode == 0
    assert "reverted" in shown.stdout
