"""Waiting for an environment that another release occupies."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING
from uuid import uuid4

import grpc
import pytest

from releasepb.v1 import releases_pb2 as pb
from releasepb.v1 import releases_pb2_grpc as rpc
from support.bare_sites import BareSites
from support.gate import Gate

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from subprocess import Popen

    from support.daemon_process import Daemon
    from support.site import Site

OCCUPANT = "1000"
WAIT = ("--lock-wait", "1h")
PLACES = 32
FOLLOWERS = 64


@pytest.fixture(name="gate")
def _gate(site: Site) -> Iterator[Gate]:
    """Occupy the environment with a ticket whose script waits."""
    gate = occupied(site)
    yield gate
    gate.open_if_awaited()


def occupied(site: Site) -> Gate:
    gate = Gate.before(site, OCCUPANT)
    assert site.client("run", OCCUPANT, "--detach").returncode == 0
    gate.await_arrival()
    site.merge("notes", {"docs/notes.md": "notes\n"})
    return gate


def ended(client: Popen[str]) -> tuple[int, str]:
    """Wait for a client; give its exit code and what it told people."""
    _, told = client.communicate()
    return client.returncode, told


def waiting(sites: BareSites, site: Site) -> list[str]:
    """Name the tickets that wait for their turn, the next one first."""
    with grpc.insecure_channel(sites.address) as channel:
        place = rpc.EnvironmentsStub(channel).GetEnvironment(pb.GetEnvironmentRequest(environment=site.name))
    return [waiter.ticket for waiter in place.waiting]


def await_waiting(sites: BareSites, site: Site, *tickets: str) -> None:
    while waiting(sites, site) != list(tickets):
        pass


def started(site: Site) -> list[str]:
    """Name the tickets whose runs were opened, in this order."""
    prefix = f"release/{site.name}/"
    return [
        stream.removeprefix(prefix) for stream, kind, _ in site.log() if kind == "run_requested" and prefix in stream
    ]


def lined_up(sites: BareSites, site: Site, *tickets: str) -> list[Popen[str]]:
    """Start a run of each ticket, one after the other; each finds nothing to do once it has its turn."""
    clients = []
    for number, ticket in enumerate(tickets, start=1):
        clients.append(sites.start_client("--env", site.name, "run", ticket, *WAIT))
        await_waiting(sites, site, *tickets[:number])
    return clients


# --- the turn ----------------------------------------------------------------------------------------------------


def test_nobody_waits_for_a_free_environment(site: Site) -> None:
    site.merge("1001", {"releases/1001-fine.sh": "#!/bin/sh\n"})

    finished = site.client("run", "1001", *WAIT)

    assert (finished.returncode, "Waiting for" in finished.stderr) == (0, False)


def test_a_run_waits_for_the_release_that_occupies_the_environment(
    bare_sites: BareSites, site: Site, gate: Gate
) -> None:
    [client] = lined_up(bare_sites, site, "1001")
    gate.open()

    code, told = ended(client)

    assert code == 5
    assert f"Waiting for ticket {OCCUPANT}, which has occupied {site.name} for " in told
    assert started(site) == [OCCUPANT, "1001"]


def test_turns_come_in_order_of_arrival(bare_sites: BareSites, site: Site, gate: Gate) -> None:
    tickets = ["1003", "1001", "1002"]
    clients = lined_up(bare_sites, site, *tickets)

    gate.open()

    assert [ended(client)[0] for client in clients] == [5, 5, 5]
    assert started(site) == [OCCUPANT, *tickets]


def test_who_waits_is_seen_by_everybody(bare_sites: BareSites, site: Site, gate: Gate) -> None:
    clients = lined_up(bare_sites, site, "1001", "1002")

    [first, second] = site.document("status")["waiting"]

    assert (first["ticket"], second["ticket"], first["by"]) == ("1001", "1002", "root")
    assert first["since"] < second["since"]
    assert "ticket 1001, since" in site.client("lock", "status").stdout
    gate.open()
    assert [ended(client)[0] for client in clients] == [5, 5]


def test_a_halted_release_is_waited_for_until_it_is_given_up(bare_sites: BareSites, site: Site, gate: Gate) -> None:
    [client] = lined_up(bare_sites, site, "1001")
    gate.open("fail")
    assert site.client("watch", OCCUPANT).returncode == 1
    assert waiting(bare_sites, site) == ["1001"]

    assert site.client("lock", "release", "--reason", "never mind", "--yes").returncode == 0

    assert ended(client)[0] == 5


# --- leaving the line --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("number", "code"), [(signal.SIGKILL, -9), (signal.SIGINT, 130)], ids=["kill -9", "ctrl-C"])
def test_a_client_that_ends_leaves_the_line_and_starts_nothing(
    bare_sites: BareSites, site: Site, gate: Gate, number: signal.Signals, code: int
) -> None:
    first, second = lined_up(bare_sites, site, "1001", "1002")

    first.send_signal(number)

    assert ended(first)[0] == code
    await_waiting(bare_sites, site, "1002")
    gate.open()
    assert ended(second)[0] == 5
    assert started(site) == [OCCUPANT, "1002"]


@pytest.mark.usefixtures("gate")
def test_when_the_time_is_up_the_run_is_refused_and_told_who_occupies_the_environment(site: Site) -> None:
    refused = site.client("run", "1001", "--lock-wait", "1s")

    assert refused.returncode == 3
    assert f"\n[ERROR] Ticket {OCCUPANT} occupies the environment since" in refused.stderr
    assert started(site) == [OCCUPANT]


def test_a_hold_that_came_meanwhile_is_heeded(bare_sites: BareSites, site: Site, gate: Gate) -> None:
    [client] = lined_up(bare_sites, site, "1001")
    assert site.client("hold", "--reason", "the auditor is here").returncode == 0

    gate.open()

    code, told = ended(client)
    assert code == 3
    assert "the auditor is here" in told
    assert started(site) == [OCCUPANT]


@pytest.mark.usefixtures("gate")
def test_a_run_does_not_wait_for_its_own_ticket(site: Site) -> None:
    assert site.refuses("run", OCCUPANT, *WAIT).reason == "already_running"


def test_a_request_that_was_answered_before_is_answered_at_once(site: Site) -> None:
    site.merge("docs", {"docs/first.md": "first\n"})
    request = ("run", "1001", *WAIT, "--request-id", "the-same-one")
    assert site.client(*request).returncode == 5
    gate = occupied(site)

    assert site.client(*request).returncode == 5

    gate.open()


# --- a daemon that goes away -------------------------------------------------------------------------------------


@pytest.fixture(name="alone")
def _alone(tmp_path: Path) -> Iterator[BareSites]:
    sites = BareSites.create(tmp_path, {"prod": {}})
    try:
        yield sites
    finally:
        sites.cleanup()


@pytest.fixture(name="daemon")
def _daemon(alone: BareSites) -> Iterator[Daemon]:
    daemon = alone.daemon()
    daemon.start()
    yield daemon
    daemon.end()


@pytest.mark.parametrize("way", ["stop", "kill"])
def test_who_waits_lines_up_again_with_the_next_daemon(alone: BareSites, daemon: Daemon, way: str) -> None:
    site = alone.site("prod")
    gate = occupied(site)
    [client] = lined_up(alone, site, "1001")
    getattr(daemon, way)()
    daemon.start()
    await_waiting(alone, site, "1001")

    gate.open()

    code, told = ended(client)
    assert code == 5
    assert "has lost its line; lining up again." in told
    assert started(site) == [OCCUPANT, "1001"]


# --- how many ----------------------------------------------------------------------------------------------------


@pytest.fixture(name="releases")
def _releases(bare_sites: BareSites) -> Iterator[rpc.ReleasesStub]:
    with grpc.insecure_channel(bare_sites.address) as channel:
        yield rpc.ReleasesStub(channel)


@pytest.mark.usefixtures("gate")
def test_a_line_is_not_endless(bare_sites: BareSites, site: Site, releases: rpc.ReleasesStub) -> None:
    asked = [releases.Run.future(_waiting_run(site, number)) for number in range(PLACES)]
    while len(waiting(bare_sites, site)) < PLACES:
        pass

    refused = site.client("run", "1001", *WAIT)

    assert refused.returncode == 3
    assert f"\n[ERROR] {PLACES} runs wait for {site.name} already" in refused.stderr
    for call in asked:
        call.cancel()
    await_waiting(bare_sites, site)


@pytest.mark.parametrize("command", [("watch", OCCUPANT), ("services", "run", "web", "ensure-config")])
def test_followers_are_not_without_number(
    site: Site, gate: Gate, releases: rpc.ReleasesStub, command: tuple[str, ...]
) -> None:
    request = pb.WatchRequest(environment=site.name, ticket=OCCUPANT)
    streams = [releases.Watch(request) for _ in range(FOLLOWERS)]
    assert all(next(stream) for stream in streams)

    rejection = site.rejects(*command, code=3)

    assert rejection.reason == "too_many_followers"
    for stream in streams:
        stream.cancel()
    gate.open()
    assert site.client("watch", OCCUPANT).returncode == 0


def _waiting_run(site: Site, number: int) -> pb.RunRequest:
    return pb.RunRequest(environment=site.name, ticket=f"2{number:03}", request_id=str(uuid4()), lock_wait_s=3600.0)
