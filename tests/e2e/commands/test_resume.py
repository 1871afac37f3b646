"""``resume``: how long it follows, what it asks, and what it puts on record."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.gate import Gate

if TYPE_CHECKING:
    from collections.abc import Callable
    from subprocess import CompletedProcess

    from support.site import Site

    Terminal = Callable[..., CompletedProcess[str]]

TICKET = "1110"


@pytest.fixture(name="gate")
def _gate(site: Site) -> Gate:
    """Halt a ticket whose script waits again in its second attempt."""
    gate = Gate.before(site, TICKET)
    assert site.client("run", TICKET, "--detach").returncode == 0
    gate.await_arrival()
    gate.open("fail")
    assert site.client("watch", TICKET).returncode == 1
    return gate


def test_a_resume_that_is_left_alone_says_how_to_follow_it(site: Site, gate: Gate) -> None:
    left = site.client("resume", TICKET, "--detach", "--reason", "mended")
    gate.await_arrival()
    gate.open()

    assert (left.returncode, left.stdout) == (0, f"Ticket {TICKET} is under way in {site.name} (run 1).\n")
    assert f"releasectl watch {TICKET}" in left.stderr
    assert site.client("watch", TICKET).returncode == 0


def test_a_resume_is_waited_for_so_long_and_goes_on(site: Site, gate: Gate) -> None:
    waited = site.client("resume", TICKET, "--wait", "1s", "--reason", "mended")
    gate.await_arrival()
    gate.open()

    assert waited.returncode == 9
    assert f"Waited 1s for ticket {TICKET}, which goes on in the daemon." in waited.stderr
    assert site.client("watch", TICKET).returncode == 0


def test_a_resume_with_one_request_id_acts_once(site: Site, gate: Gate) -> None:
    command = ("resume", TICKET, "--detach", "--reason", "mended", "--request-id", "the-same-request")
    first = site.client(*command)
    gate.await_arrival()
    second = site.client(*command)
    gate.open()

    assert (first.returncode, second.returncode) == (0, 0)
    assert site.client("watch", TICKET).returncode == 0
    assert resumes(site) == 1


def test_at_a_terminal_the_cause_is_asked_for_and_put_on_record(site: Site, gate: Gate, terminal: Terminal) -> None:
    answer = terminal(site, "resume", TICKET, "--detach", answers=[("Cause of the halt", "the disk was full")])
    gate.await_arrival()
    gate.open()

    assert answer.returncode == 0
    assert site.client("watch", TICKET).returncode == 0
    reasons = [
        event["data"]["reason"] for event in site.document("events", TICKET)["events"] if event["type"] == "resumed"
    ]
    assert reasons == ["the disk was full"]


def test_where_there_is_nothing_to_resume_no_cause_is_asked_for(site: Site, terminal: Terminal) -> None:
    answer = terminal(site, "resume", "1119")

    assert (answer.returncode, "Cause of the halt" in answer.stdout) == (3, False)
    assert "was never run here, so there is nothing to resume" in " ".join(answer.stdout.split())


def resumes(site: Site) -> int:
    """Count how often the ticket went on."""
    return [event["type"] for event in site.document("events", TICKET)["events"]].count("resumed")
