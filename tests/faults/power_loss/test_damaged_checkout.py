"""After a restart of the host, a release with a damaged checkout halts, and goes on once that is mended."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from support.bare_sites import BareSites
from support.deaths import expect_killed
from support.host import RestartedHost
from support.invariants import Remains, broken

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from support.daemon_process import Daemon
    from support.evidence import Evidence
    from support.site import Site

TICKET = "1234"
SCRIPT = f"releases/{TICKET}-look.sh"
FAULT = f"after-intent:{TICKET}-look.sh"
PAGE = "docs/page"


pytestmark = pytest.mark.tier1


@pytest.fixture(name="sites")
def _sites(tmp_path: Path) -> Iterator[BareSites]:
    made = BareSites.create(tmp_path / "sites", {"prod": {}})
    try:
        yield made
    finally:
        made.cleanup()


@pytest.fixture(name="site")
def _site(sites: BareSites) -> Site:
    site = sites.site("prod", {PAGE: "what it says\n"})
    site.merge(TICKET, {SCRIPT: "#!/bin/sh\necho looked\n"})
    return site


@pytest.fixture(name="daemon")
def _daemon(sites: BareSites, site: Site, tmp_path: Path) -> Iterator[Daemon]:  # noqa: ARG001 (the site is released)
    """A daemon whose host was restarted after the checkout had been moved; the release waits for the next one."""
    host = RestartedHost(tmp_path)
    daemon = sites.daemon(within=host.within)
    daemon.start(FAULT)
    starter = sites.start_client("run", TICKET, "--detach")
    expect_killed(daemon.wait_dead(), FAULT, daemon)
    host.daemon_died(FAULT)
    yield daemon
    daemon.end()
    starter.communicate()


def empty_object(site: Site) -> None:
    """Leave of an object that HEAD needs only its name."""
    name = site.git("rev-parse", "HEAD^{tree}")
    file = site.ops.checkout / ".git" / "objects" / name[:2] / name[2:]
    file.unlink()
    file.touch()


def empty_file(site: Site) -> None:
    """Leave of a file only its name."""
    (site.ops.checkout / PAGE).write_bytes(b"")


def halted(sites: BareSites) -> dict[str, Any]:
    """Give the failure of the latest halt."""
    lines = sites.client("-o", "jsonl", "events", TICKET).stdout.splitlines()
    halts = [event["data"] for event in map(json.loads, lines) if event["type"] == "halted"]
    failure: dict[str, Any] = halts[-1]["failure"]
    return failure


@pytest.mark.parametrize("damage", [empty_object, empty_file])
def test_it_halts_and_goes_on_once_its_own_command_has_mended_that(
    sites: BareSites, site: Site, daemon: Daemon, damage: Callable[[Site], None], evidence: Evidence
) -> None:
    """Row 22: the checkout is damaged in the middle of a release."""
    damage(site)
    daemon.start()
    code = sites.client("watch", TICKET).returncode
    failure = halted(sites)
    evidence.fired()

    assert (code, failure["code"]) == (1, "checkout_damaged")
    assert broken(Remains.of_sites(sites)) == []
    assert sites.client("resume", TICKET, "--reason", "not mended").returncode in {1, 3}  # it halts, or cannot begin
    for command in mending(failure):
        subprocess.run(command, check=True, capture_output=True)
    assert sites.client("resume", TICKET, "--reason", "mended").returncode == 0


def mending(failure: dict[str, Any]) -> list[list[str]]:
    """List the commands that the halt names for what is wrong, as they would be typed."""
    named = (one for one in failure["next"] if one["danger"] != "none")
    return [one["argv"] for one in named if one["argv"][0] != "releasectl"]
