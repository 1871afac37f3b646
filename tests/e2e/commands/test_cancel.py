"""``cancel --kill`` asks before it does what cannot be undone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.gate import Gate

if TYPE_CHECKING:
    from collections.abc import Callable
    from subprocess import CompletedProcess

    from support.site import Site

    Terminal = Callable[..., CompletedProcess[str]]

TICKET = "1130"
KILL = ("cancel", TICKET, "--kill", "--reason", "it hangs")
CONSEQUENCE = "is stopped with every process that it started"


@pytest.fixture(name="gate")
def _gate(site: Site) -> Gate:
    """Begin a ticket whose script waits."""
    gate = Gate.before(site, TICKET)
    assert site.client("run", TICKET, "--detach").returncode == 0
    gate.await_arrival()
    return gate


def test_a_kill_is_done_once_somebody_at_a_terminal_agreed(site: Site, gate: Gate, terminal: Terminal) -> None:
    answer = terminal(site, *KILL, answers=[("[y/N]", "y")])

    assert CONSEQUENCE in " ".join(answer.stdout.split())
    assert answer.returncode == 0
    assert "Cancelled: it hangs" in site.client("watch", TICKET).stderr
    assert gate.is_deserted()


def test_nothing_is_done_where_somebody_at_a_terminal_did_not_agree(site: Site, gate: Gate, terminal: Terminal) -> None:
    answer = terminal(site, *KILL, answers=[("[y/N]", "n")])
    gate.open()

    assert (answer.returncode, "Nothing was done." in answer.stdout) == (2, True)
    assert site.client("watch", TICKET).returncode == 0


def test_who_wants_no_question_is_asked_none(site: Site, gate: Gate, terminal: Terminal) -> None:
    answer = terminal(site, *KILL, "--yes")

    assert (answer.returncode, "[y/N]" in answer.stdout) == (0, False)
    assert site.client("watch", TICKET).returncode == 1
    assert gate.is_deserted()


def test_without_a_terminal_it_says_what_it_would_do_and_does_nothing(site: Site, gate: Gate) -> None:
    answer = site.client(*KILL)
    gate.open()

    assert answer.returncode == 2
    assert CONSEQUENCE in answer.stderr
    assert "agree with --yes" in answer.stderr
    assert site.client("watch", TICKET).returncode == 0


def test_until_the_present_step_ends_the_status_tells_who_asked_for_what(site: Site, gate: Gate) -> None:
    assert site.client("cancel", TICKET, "--reason", "wrong night").returncode == 0

    shown, document = site.client("status", TICKET).stdout, site.document("status", TICKET)
    gate.open()

    assert "cancel       asked by root, " in shown
    assert "stops after the present step  (wrong night)" in shown
    assert (document["cancelling"]["by"], document["cancelling"]["kill"]) == ("root", False)
    assert site.client("watch", TICKET).returncode == 1
    assert site.document("status", TICKET)["cancelling"] is None


def test_a_reason_that_is_missing_is_asked_for_at_a_terminal(site: Site, gate: Gate, terminal: Terminal) -> None:
    answer = terminal(site, "cancel", TICKET, answers=[("Reason, for the record", "wrong night")])
    gate.open()

    assert answer.returncode == 0
    assert "Cancelled: wrong night" in site.client("watch", TICKET).stderr
