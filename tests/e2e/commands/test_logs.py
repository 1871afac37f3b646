"""``logs -f``: what a step printed and prints."""

from __future__ import annotations

import json
import signal
from typing import TYPE_CHECKING

import pytest

from support.gate import Gate

if TYPE_CHECKING:
    from support.bare_sites import BareSites
    from support.site import Site

TICKET = "1150"
STEP = f"{TICKET}-waits.sh"


@pytest.fixture(name="gate")
def _gate(site: Site) -> Gate:
    """Begin a ticket whose script waits."""
    gate = Gate.before(site, TICKET)
    assert site.client("run", TICKET, "--detach").returncode == 0
    gate.await_arrival()
    return gate


@pytest.mark.parametrize("flag", ["-f", "--follow"])
def test_what_is_printed_later_follows_until_the_release_rests(
    site: Site, bare_sites: BareSites, gate: Gate, flag: str
) -> None:
    client = bare_sites.start_client("--env", site.name, "logs", TICKET, "--step", STEP, flag)
    assert client.stdout is not None
    first = client.stdout.readline()
    gate.open()
    rest, _ = client.communicate()

    assert (client.returncode, first, rest) == (0, "waiting\n", "go\n")


def test_without_it_what_was_printed_so_far_is_shown(site: Site, gate: Gate) -> None:
    shown = site.client("logs", TICKET, "--phase", "ticket")
    gate.open()

    assert (shown.returncode, shown.stdout) == (0, f"==> {STEP} <==\nwaiting\n")
    assert site.client("watch", TICKET).returncode == 0


def test_each_line_is_an_object_where_that_is_wanted(site: Site, gate: Gate) -> None:
    gate.open()
    assert site.client("watch", TICKET).returncode == 0

    lines = site.client("-o", "jsonl", "logs", TICKET, "--step", STEP).stdout.splitlines()

    assert [json.loads(line)["untrusted_line"] for line in lines] == ["waiting", "go"]


def test_ctrl_c_ends_only_the_following(site: Site, bare_sites: BareSites, gate: Gate) -> None:
    client = bare_sites.start_client("--env", site.name, "logs", TICKET, "-f")
    assert client.stdout is not None
    client.stdout.readline()

    client.send_signal(signal.SIGINT)
    client.communicate()
    gate.open()

    assert client.returncode == 130
    assert site.client("watch", TICKET).returncode == 0
