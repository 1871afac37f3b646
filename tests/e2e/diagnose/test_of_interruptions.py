"""A release whose daemon and script are killed: diagnose says what is certain, and leads on from each stop."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.blocking_script import NAME, TICKET, BlockingScript
from support.diagnosed import Operator, shortcomings
from support.stories import served
from support.what_goes_wrong import INTERRUPTIONS, Row, rows_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.stack_images import FirstImages


@pytest.fixture(scope="module", name="operator")
def _operator(tmp_path_factory: pytest.TempPathFactory, first_images: FirstImages) -> Iterator[Operator]:
    home = tmp_path_factory.mktemp("diagnose") / "stack"
    with served(home, first_images, running=(), recovery={"on_restart": "halt"}) as (stack, daemon):
        script, operator = BlockingScript.merged(stack), Operator(stack.client, TICKET)
        stack.client("run", TICKET, "--detach")
        script.await_begin()
        operator.asks("running")
        daemon.kill()
        script.kill()
        daemon.start()
        stack.client("watch", TICKET)
        operator.follows("interrupted")
        operator.follows("in doubt", also="it took effect")
        yield operator


def test_a_release_that_runs_is_waited_for(operator: Operator) -> None:
    told = operator.told["running"]
    assert (told["kind"], told["step"], told["recommendation"]["choice"]) == ("running", NAME, "wait")
    assert [command["argv"][1] for command in told["next"]] == ["watch"]


def test_of_a_killed_daemon_it_is_certain_what_is_done(operator: Operator) -> None:
    told = operator.told["interrupted"]
    assert told["cause"]["code"] == "recovery_off"
    assert "over: prepare done, migrate skipped" in told["certainty"]["certain"]


@pytest.mark.parametrize("row", rows_of(INTERRUPTIONS), ids=str)
def test_one_command_leads_from_a_failure_to_the_right_next_one(operator: Operator, row: Row) -> None:
    assert shortcomings(row, operator) == []


def test_of_a_killed_daemon_the_step_in_doubt_is_named_and_what_becomes_of_it(operator: Operator) -> None:
    certainty = operator.told["interrupted"]["certainty"]
    assert certainty["doubtful"] == [f"whether {NAME} took effect (attempt 1): its outcome is not on record"]
    assert certainty["recovery"] == [f"{NAME} is not done again unless a person says so"]


@pytest.mark.parametrize("name", ["interrupted", "in doubt"])
def test_what_a_lost_script_printed_is_evidence(operator: Operator, name: str) -> None:
    assert operator.told[name]["evidence"]["untrusted_output"] == "waiting\n"


def test_of_a_step_in_doubt_only_a_person_knows_more(operator: Operator) -> None:
    told = operator.told["in doubt"]
    assert (told["kind"], told["recommendation"]["choice"]) == ("in_doubt", "settle")
    assert told["by_hand"] == [f"Look at what {NAME} was to change, and find out whether it took effect."]


def test_whoever_types_what_diagnose_prints_releases_the_ticket(operator: Operator) -> None:
    ended = operator.ended["in doubt"]
    assert ended.returncode == 0, ended.stderr
    assert f"Ticket {TICKET} is released" in ended.stdout
