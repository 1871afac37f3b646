"""What the webhook tells of which events, and what can never be in it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from released.domain import events as ev
from released.domain.failure import Failure, NextCommand
from released.domain.ids import Phase
from released.domain.webhook.message import body, message
from support.given_when_then import (
    REQUEST,
    halted,
    nothing_to_do,
    phase_done,
    prepared,
    recorded,
    refused,
    requested,
    resumed,
    started,
    whole_revert,
    whole_run,
    whole_undoing,
)

RESUME = ("releasectl", "resume", "1234")
FAILURE = Failure("script_failed", "sesame was wrong", 7, "open sesame", (NextCommand(RESUME, "goes on", "changes"),))
HALT = ev.Halted(Phase.MIGRATE, "failed", "web.recreate", FAILURE)
HALTED: list[ev.Event] = [requested(), *prepared(), started(Phase.MIGRATE), HALT]
RELEASED: list[ev.Event] = [
    *HALTED,
    resumed(Phase.MIGRATE, reason="open sesame"),
    *phase_done(Phase.MIGRATE),
    ev.PhaseSkipped(Phase.TICKET, "none"),
    *phase_done(Phase.VERIFY),
    ev.Released(1),
]


def told(*events: ev.Event) -> Any:  # noqa: ANN401 (JSON)
    """Give the message of the last event as its receiver reads it; ``None`` where there is none."""
    made = message("prod", recorded(*events))
    return None if made is None else json.loads(body(made, lambda text: text))


def test_a_halt_is_told_with_phase_cause_code_and_what_leads_on() -> None:
    at = recorded(*HALTED)[-1].at.isoformat().replace("+00:00", "Z")
    assert told(*HALTED) == {
        "type": "release.halted",
        "timestamp": at,
        "data": {
            "environment": "prod",
            "ticket": "1234",
            "run": 1,
            "state": "halted",
            "phase": "migrate",
            "cause": "failed",
            "code": "script_failed",
            "since": at,
            "reminder": 0,
            "next": [list(RESUME)],
        },
    }


def test_a_reminder_says_the_same_and_its_number() -> None:
    since = recorded(*HALTED)[-1].at
    halt, reminder = told(*HALTED), told(*HALTED, ev.Reminded(1, since, Phase.MIGRATE, "failed", "script_failed"))
    assert (reminder["type"], reminder["data"]) == ("release.reminded", halt["data"] | {"reminder": 1})


@pytest.mark.parametrize(
    ("events", "kind"),
    [
        (RELEASED, "release.released"),
        ([*HALTED, ev.Abandoned(REQUEST, "never mind")], "release.abandoned"),
        ([*RELEASED, *whole_revert()], "release.reverted"),
        ([*RELEASED, *whole_revert(), *whole_undoing()], "release.released"),
        (
            [requested(), started(Phase.PREPARE), halted(Phase.PREPARE), resumed(Phase.PREPARE), *nothing_to_do()[1:]],
            "release.nothing_to_do",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_release_that_had_halted_is_told_to_be_over(events: list[ev.Event], kind: str) -> None:
    over = told(*events)
    assert (over["type"], over["data"]["phase"], over["data"]["next"]) == (kind, "", [])


@pytest.mark.parametrize(
    "events", [whole_run(), nothing_to_do(), [*whole_run(), *whole_revert()]], ids=["released", "nothing", "reverted"]
)
def test_the_end_of_a_release_that_never_halted_is_no_news(events: list[ev.Event]) -> None:
    assert told(*events) is None


def test_a_halt_of_an_earlier_run_makes_no_news_of_a_later_one() -> None:
    abandoned = [*HALTED, ev.Abandoned(REQUEST, "never mind")]
    assert told(*abandoned, *whole_run(run=2)) is None


@pytest.mark.parametrize(
    "event", [refused(), ev.Noted(REQUEST, "hm"), resumed(Phase.MIGRATE)], ids=lambda e: type(e).__name__
)
def test_nothing_else_is_told(event: ev.Event) -> None:
    assert told(*HALTED, event) is None


@pytest.mark.parametrize("events", [HALTED, RELEASED, [*HALTED, ev.Abandoned(REQUEST, "open sesame")]])
def test_neither_output_nor_what_people_typed_is_in_a_message(events: list[ev.Event]) -> None:
    assert "sesame" not in json.dumps(told(*events))


def test_every_text_is_masked_before_it_is_written() -> None:
    made = message("prod", recorded(*HALTED))
    assert made is not None

    masked = json.loads(body(made, lambda text: text.replace("resume", "***")))

    assert masked["data"]["next"] == [["releasectl", "***", "1234"]]
