"""``status``, ``list`` and ``services`` with ``--at``: what was so, from the record alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.past_of_a_stack import FRONT, WEB

if TYPE_CHECKING:
    from support.past_of_a_stack import PastOfAStack

pytestmark = pytest.mark.timeout(600)  # the first one waits for three releases


@pytest.mark.parametrize(
    ("moment", "state"), [("halted", "halted"), ("second released", "released"), ("taken back", "reverted")]
)
def test_a_ticket_stands_where_it_stood(past: PastOfAStack, moment: str, state: str) -> None:
    assert past.document("status", FRONT, "--at", past.at(moment))["summary"]["state"] == state


def test_a_halt_of_the_past_is_told_with_its_failure_and_without_advice(past: PastOfAStack) -> None:
    told = past.client("status", FRONT, "--at", past.at("halted")).stdout
    assert "halted in ticket" in told
    assert "no such table: pages" in told
    assert "releasectl " not in told


def test_a_ticket_stands_where_it_stood_just_after_an_event(past: PastOfAStack) -> None:
    events = past.document("events", FRONT)["events"]
    halted = next(event["version"] for event in events if event["type"] == "halted")
    states = [
        past.document("status", FRONT, "--at", str(version))["summary"]["state"] for version in (halted - 1, halted)
    ]
    assert states == ["ticket", "halted"]


def test_a_ticket_that_had_not_been_run_by_then_is_not_found(past: PastOfAStack) -> None:
    refused = past.client("status", FRONT, "--at", past.at("before"), code=4)
    assert f"Ticket {FRONT} had not been run by then" in refused.stderr


def test_an_event_that_is_not_there_yet_is_not_found(past: PastOfAStack) -> None:
    refused = past.client("status", FRONT, "--at", "99999", code=4)
    assert f"Ticket {FRONT} has no event 99999: its record ends with event " in refused.stderr


def test_a_date_of_eight_digits_is_a_date(past: PastOfAStack) -> None:
    assert "has no time zone" in past.client("status", FRONT, "--at", "20260518", code=2).stderr


def test_a_service_that_no_release_had_placed_is_not_found(past: PastOfAStack) -> None:
    told = past.client("services", "web", "--at", past.at("before"), code=4).stderr
    assert "No release on record had put anything of web in place." in told
    assert "releasectl history --service web" in told


@pytest.mark.parametrize(
    ("moment", "listed"),
    [
        ("before", []),
        ("first released", [(WEB, "released")]),
        ("halted", [(FRONT, "halted"), (WEB, "released")]),
        ("taken back", [(FRONT, "reverted"), (WEB, "released")]),
    ],
)
def test_the_list_is_the_one_of_then(past: PastOfAStack, moment: str, listed: list[tuple[str, str]]) -> None:
    releases = past.document("list", "--at", past.at(moment))["releases"]
    assert [(one["ticket"], one["state"]) for one in releases] == listed


@pytest.mark.parametrize("moment", ["first released", "halted", "second released", "taken back"])
def test_the_services_are_those_that_ran_then(past: PastOfAStack, moment: str) -> None:
    services = past.document("services", "--at", past.at(moment))["services"]
    placed = {one["name"]: one["id"] for each in services for one in each["containers"]}
    assert placed == {name: past.containers[moment][name] for name in placed}
    assert past.stack.names.container("web") in placed


def test_one_service_of_then_is_shown_with_its_image(past: PastOfAStack) -> None:
    told = past.client("services", "web", "--at", past.at("first released")).stdout
    assert f"{past.stack.names.image('web')}:2" in told


def test_the_lock_is_the_one_of_then(past: PastOfAStack) -> None:
    locks = [past.document("status", "--at", past.at(moment))["lock_ticket"] for moment in ("halted", "taken back")]
    assert locks == [FRONT, ""]


def test_the_checkout_stood_where_the_release_had_left_it(past: PastOfAStack) -> None:
    assert past.document("status", "--at", past.at("first released"))["head"] == past.merges[WEB]


def test_an_event_without_a_ticket_is_wrong_usage(past: PastOfAStack) -> None:
    assert "name the ticket" in past.client("status", "--at", "3", code=2).stderr
