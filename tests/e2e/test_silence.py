"""A release that records nothing for longer than it should take is never silently under way."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from support.blocking_script import NAME, TICKET, BlockingScript
from support.stories import events, of_type, served

if TYPE_CHECKING:
    from subprocess import CompletedProcess

    from support.stack import Stack
    from support.stack_images import FirstImages


@dataclass(frozen=True)
class Story:
    """A release whose script hung for a while: what was told meanwhile, and afterwards."""

    silent: CompletedProcess[str]
    silent_in_json: CompletedProcess[str]
    environment: CompletedProcess[str]
    diagnosis: dict[str, Any]
    after: CompletedProcess[str]
    log: str
    silences: list[dict[str, Any]]


@pytest.fixture(scope="module", name="story")
def _story(tmp_path_factory: pytest.TempPathFactory, first_images: FirstImages) -> Story:
    home = tmp_path_factory.mktemp("silence") / "stack"
    with served(home, first_images, running=(), silence={"after": "500ms"}) as (stack, daemon):
        script = BlockingScript.merged(stack)
        _watch_until_silent(stack)
        silent, in_json = stack.client("status", TICKET), stack.client("-o", "json", "status", TICKET)
        environment, diagnosis = stack.client("status"), stack.client("-o", "json", "diagnose", TICKET)
        script.let_end()
        stack.client("watch", TICKET)
        after, silences = stack.client("status", TICKET), of_type(events(stack, TICKET), "fell_silent")
        return Story(silent, in_json, environment, json.loads(diagnosis.stdout), after, daemon.log, silences)


def _watch_until_silent(stack: Stack) -> None:
    """Release the ticket, and follow it until it is said that its script records nothing."""
    client = stack.start_client("-o", "jsonl", "run", TICKET)
    assert client.stdout is not None
    while (event := json.loads(client.stdout.readline()))["type"] != "fell_silent" or event["data"]["step"] != NAME:
        pass
    client.kill()
    client.communicate()


def test_status_says_so_and_exits_with_9(story: Story) -> None:
    assert story.silent.returncode == 9
    assert "silent       nothing recorded since " in story.silent.stdout


def test_a_program_is_told_since_when_and_after_how_long(story: Story) -> None:
    told = json.loads(story.silent_in_json.stdout)["silence"]
    assert (story.silent_in_json.returncode, told["limit_s"], bool(told["since"])) == (9, 0.5, True)


def test_the_status_of_the_environment_says_so(story: Story) -> None:
    assert (story.environment.returncode, "it may hang" in story.environment.stdout) == (9, True)


def test_the_log_of_the_daemon_says_so(story: Story) -> None:
    assert f"ticket {TICKET} is under way and records nothing: releasectl diagnose {TICKET}" in story.log


def test_a_diagnosis_calls_it_overdue(story: Story) -> None:
    assert story.diagnosis["kind"] == "overdue"
    assert "may hang" in story.diagnosis["cause"]["sentence"]


def test_a_release_that_goes_on_after_all_is_silent_no_more(story: Story) -> None:
    assert (story.after.returncode, "nothing recorded" in story.after.stdout) == (0, False)


def test_the_record_keeps_that_it_was(story: Story) -> None:
    assert NAME in [silence["step"] for silence in story.silences]
