"""Many clients at once, and one that is killed after it sent its command: one release comes of it."""

from __future__ import annotations

import os
import signal
import subprocess
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, cast

import grpc
import pytest

from releasepb.v1 import releases_pb2 as pb
from releasepb.v1 import releases_pb2_grpc as rpc
from support.daemon_process import PATIENCE_S, PROGRAMS
from support.invariants import broken
from support.older_record import TICKET, OlderRecord

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from support.evidence import Evidence

CLIENTS = 50
FITTING = 30
"""So many find room in the line of those who wait; more are told to try again."""
REQUEST = "request-of-all"
REFUSED = "FAILED_PRECONDITION"
FORGETFUL = """\
import uuid
from released.api import requests
requests.parse_request_id = lambda _: uuid.uuid4().hex
"""
"""A daemon that does not know a request again."""


@pytest.fixture(name="story")
def _story(tmp_path: Path) -> Iterator[OlderRecord]:
    """A ticket whose first script waits; nobody released it yet."""
    story = OlderRecord(tmp_path / "home")
    with story.environment:
        story.merge()
        yield story


def _sent(story: OlderRecord, request_ids: Sequence[str]) -> Counter[str]:
    """Send as many commands to release the ticket, all at once; count what was answered."""
    with (
        grpc.insecure_channel(story.environment.address.replace("unix://", "unix:")) as channel,
        ThreadPoolExecutor(len(request_ids)) as clients,
    ):
        run = rpc.ReleasesStub(channel).Run

        def send(request_id: str) -> str:
            try:
                accepted = run(pb.RunRequest(ticket=TICKET, request_id=request_id), timeout=PATIENCE_S)
            except grpc.RpcError as error:
                return cast("grpc.Call", error).code().name
            return f"run {accepted.run}, event {accepted.version}"

        return Counter(clients.map(send, request_ids))


def _heard(answers: Counter[str]) -> int:
    """Count who was accepted, or told why not: not who did not get through."""
    return sum(count for answer, count in answers.items() if answer.startswith("run") or answer == REFUSED)


def _runs(story: OlderRecord) -> int:
    """Count how often the ticket was taken up, as the record has it."""
    return story.environment.client("-o", "jsonl", "events", TICKET).stdout.count("run_requested")


def test_one_request_that_is_sent_fifty_times_at_once_acts_once(story: OlderRecord, evidence: Evidence) -> None:
    """Row 39: each gets the answer of the first, or hears that too many wait and gets it then."""
    answers = _sent(story, [REQUEST] * CLIENTS)
    again = _sent(story, [REQUEST] * FITTING)
    evidence.fired(_heard(answers))
    story.await_begin()
    story.finish()
    assert len(again) == 1, again
    assert answers.keys() - {REFUSED} == again.keys()
    assert (_runs(story), story.traces) == (1, 1)
    assert broken(story.remains) == []


@pytest.mark.tier1
def test_of_fifty_who_release_at_once_one_does_and_the_others_hear_it(story: OlderRecord, evidence: Evidence) -> None:
    """Row 39: the others are refused, and no script runs twice."""
    answers = _sent(story, [f"request-of-{number:02}" for number in range(CLIENTS)])
    evidence.fired(_heard(answers))
    story.await_begin()
    story.finish()
    assert sorted(answers.values()) == [1, CLIENTS - 1], answers
    assert answers[REFUSED] == CLIENTS - 1
    assert (_runs(story), story.traces) == (1, 1)
    assert broken(story.remains) == []


def test_a_client_that_is_killed_after_it_sent_its_command_leaves_one_release(
    story: OlderRecord, evidence: Evidence
) -> None:
    """Row 39: the release goes on without it, and who sends the same request again is told of that release."""
    environment = story.environment
    command = [str(PROGRAMS / "releasectl"), "run", TICKET, "--request-id", "request-of-one"]
    with subprocess.Popen(
        command,
        env=os.environ | {"RELEASECTL_ADDRESS": environment.address},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as client:
        story.await_begin()
        client.kill()
        evidence.fired(int(client.wait() == -signal.SIGKILL))
    again = environment.client("run", TICKET, "--request-id", "request-of-one", "--detach")
    story.finish()
    assert again.returncode == 0, again.stderr
    assert (_runs(story), story.traces) == (1, 1)
    assert broken(story.remains) == []


@pytest.mark.tier1
def test_a_daemon_that_takes_each_request_for_a_new_one_refuses_its_repetition(
    tmp_path: Path, evidence: Evidence
) -> None:
    """Row 39: the negative control, a daemon without ids of requests."""
    story = OlderRecord(tmp_path / "home", FORGETFUL)
    with story.environment:
        story.merge()
        answers = _sent(story, [REQUEST] * CLIENTS)
        again = _sent(story, [REQUEST] * FITTING)
        evidence.fired(_heard(answers))
        story.await_begin()
        story.finish()
        evidence.control("requests without ids", red=again.keys() == {REFUSED})
