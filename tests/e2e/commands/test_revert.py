"""``revert`` and ``rollback``: how long they follow; the way back goes on without them."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

from support.gate import Gate

if TYPE_CHECKING:
    from support.bare_sites import BareSites
    from support.site import Site

TICKET = "1120"
WHY = ("--reason", "it was wrong", "--yes")


@pytest.fixture(name="gate")
def _gate(site: Site) -> Gate:
    """Release a ticket whose revert waits where its commit is pushed."""
    site.merge(TICKET, {f"releases/{TICKET}-a.sh": "#!/bin/sh\n"})
    assert site.client("run", TICKET).returncode == 0
    return Gate.before_the_remote(site)


def state(site: Site) -> str:
    """Tell where the ticket stands."""
    return str(site.document("status", TICKET)["summary"]["state"])


def test_a_revert_that_is_left_alone_says_how_to_follow_it(site: Site, gate: Gate) -> None:
    left = site.client("revert", TICKET, "--push", "--detach", *WHY)
    gate.await_arrival()
    during = state(site)
    gate.open()

    assert (left.returncode, during) == (0, "reverting")
    assert f"releasectl watch {TICKET}" in left.stderr
    assert site.client("watch", TICKET).returncode == 0
    assert state(site) == "reverted"


def test_a_revert_is_waited_for_so_long_and_goes_on(site: Site, gate: Gate) -> None:
    waited = site.client("revert", TICKET, "--push", "--wait", "1s", *WHY)
    gate.await_arrival()
    gate.open()

    assert waited.returncode == 9
    assert f"Waited 1s for ticket {TICKET}, which goes on in the daemon." in waited.stderr
    assert site.client("watch", TICKET).returncode == 0


def test_ctrl_c_detaches_and_the_revert_goes_on(site: Site, bare_sites: BareSites, gate: Gate) -> None:
    client = bare_sites.start_client("--env", site.name, "revert", TICKET, "--push", *WHY)
    gate.await_arrival()

    client.send_signal(signal.SIGINT)
    _, told = client.communicate()
    gate.open()

    assert client.returncode == 130
    assert f"Detached from ticket {TICKET}, which goes on in the daemon." in told
    assert site.client("watch", TICKET).returncode == 0
    assert state(site) == "reverted"


def test_a_revert_with_one_request_id_acts_once(site: Site, gate: Gate) -> None:
    command = ("revert", TICKET, "--push", "--detach", "--request-id", "the-same-request", *WHY)
    first = site.client(*command)
    gate.await_arrival()
    second = site.client(*command)
    gate.open()

    assert (first.returncode, second.returncode) == (0, 0), second.stderr
    assert site.client("watch", TICKET).returncode == 0
    types = [event["type"] for event in site.document("events", TICKET)["events"]]
    assert types.count("revert_requested") == 1


def test_rollback_is_another_word_for_it(site: Site, gate: Gate) -> None:
    left = site.client("rollback", TICKET, "--push", "--detach", *WHY)
    gate.await_arrival()
    gate.open()

    assert left.returncode == 0, left.stderr
    assert site.client("watch", TICKET).returncode == 0
    assert state(site) == "reverted"


# --- several tickets ---------------------------------------------------------------------------------------------


@pytest.fixture(name="two")
def _two(site: Site) -> Site:
    """Release two tickets."""
    for ticket in (TICKET, "1121"):
        site.merge(ticket, {f"releases/{ticket}-a.sh": "#!/bin/sh\n"})
        assert site.client("run", ticket).returncode == 0
    return site


def test_a_program_gets_one_document_for_several_tickets(two: Site) -> None:
    document = two.document("revert", "1121", TICKET, *WHY)

    assert [(one["ticket"], one["state"]) for one in document["reverts"]] == [
        ("1121", "reverted"),
        (TICKET, "reverted"),
    ]


def test_several_tickets_are_looked_at_as_if_those_before_were_taken_back(two: Site) -> None:
    before = two.snapshot()
    base = two.git("rev-parse", "HEAD^1^1")

    looked_at = two.document("revert", "1121", TICKET, "--dry-run")

    assert [(one["ticket"], one["target_sha"]) for one in looked_at["reverts"]] == [
        ("1121", two.git("rev-parse", "HEAD^1")),
        (TICKET, base),
    ]
    assert two.snapshot() == before


def test_in_another_order_the_look_is_refused_as_the_revert_would_be(two: Site) -> None:
    document = two.document("revert", TICKET, "1121", "--dry-run", code=3)

    assert (document["reverts"], document["error"]["reason"]) == ([], "later_releases")


def test_a_ticket_that_is_refused_behind_another_is_told_in_the_same_document(two: Site) -> None:
    document = two.document("revert", "1121", "1129", *WHY, code=4)

    assert [one["ticket"] for one in document["reverts"]] == ["1121"]
    assert document["error"]["reason"] == "ticket_unknown"


@pytest.mark.parametrize("flag", [("--detach",), ("--plan", "0" * 16), ("--request-id", "the-same-request")])
def test_what_makes_sense_for_one_ticket_only_is_wrong_usage_with_several(site: Site, flag: tuple[str, ...]) -> None:
    assert f"{flag[0]} makes sense for one ticket only" in site.rejects("revert", "1", "2", *flag).message
