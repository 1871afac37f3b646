"""The disk fails under the daemon: it ends rather than guess what was written, and the next start finds out."""

from __future__ import annotations

import resource
from typing import TYPE_CHECKING

import pytest

from support.bare_sites import BareSites
from support.daemon_process import PATIENCE_S
from support.gated_site import TICKET, GatedSite
from support.injection import injected
from support.invariants import Remains, broken
from support.processes import first_to_end

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.daemon_process import Daemon
    from support.evidence import Evidence
    from support.site import Site

pytestmark = [pytest.mark.tier1, pytest.mark.timeout(600)]

FAIL_STOP = 70
FLUSHES = 6
"""A release of one script makes some more; each is like one of these: of the command, an intent, an outcome."""


@pytest.fixture(name="sites")
def _sites(tmp_path: Path) -> Iterator[BareSites]:
    sites = BareSites.create(tmp_path / "sites", {"prod": {}})
    try:
        yield sites
    finally:
        sites.cleanup()


def ends_of_a_release(sites: BareSites, site: Site, daemon: Daemon, ticket: str, fault: str) -> tuple[int, int]:
    """Release a ticket while the disk fails once; give the injected errors and how often the daemon ended for it.

    The client is one process from begin to end: it must find its release again after the daemon was started anew.
    """
    witness = sites.home / f"witness-{ticket}"
    site.merge(ticket, {f"releases/{ticket}-once.sh": f"#!/bin/sh\necho done >>{witness}\n"})
    with injected(daemon.process.pid, fault, sites.home / f"strace-{ticket}") as injection:
        client, fail_stops = sites.start_client("run", ticket), 0
        while first_to_end(daemon.process, client) is not client:
            assert daemon.process.wait() == FAIL_STOP, daemon.log
            daemon.start()
            fail_stops += 1
        told = client.communicate(timeout=PATIENCE_S)
    assert client.returncode == 0, told
    assert witness.read_text(encoding="ascii") == "done\n"
    return injection.count, fail_stops


def broken_in(sites: BareSites, evidence: Evidence) -> list[str]:
    """List what does not hold, and note it."""
    wrong = broken(Remains.of_sites(sites))
    evidence.invariants(wrong)
    return wrong


def test_a_flush_that_fails_is_settled_by_the_next_start(sites: BareSites, evidence: Evidence) -> None:
    """Row 21: the k-th flush of a release fails with EIO; the daemon ends, and the next start goes on."""
    site, daemon = sites.site("prod"), sites.daemon()
    daemon.start()
    for k in range(1, FLUSHES + 1):
        errors, fail_stops = ends_of_a_release(sites, site, daemon, f"{1000 + k}", f"fdatasync:error=EIO:when={k}")
        assert (errors >= 1, fail_stops >= 1) == (True, True)
        evidence.fired(errors)
        evidence.add(injected_errors=errors, fail_stops=fail_stops)
    daemon.stop()

    assert broken_in(sites, evidence) == []


def test_a_write_that_fails_is_settled_by_the_next_start(sites: BareSites, evidence: Evidence) -> None:
    """Row 21: a write to the log of SQLite fails with EIO; the daemon ends, and the next start goes on."""
    site, daemon = sites.site("prod"), sites.daemon()
    daemon.start()
    errors, fail_stops = ends_of_a_release(sites, site, daemon, TICKET, "pwrite64:error=EIO:when=40")
    daemon.stop()

    evidence.fired(errors)
    evidence.add(injected_errors=errors, fail_stops=fail_stops)
    assert fail_stops >= 1
    assert broken_in(sites, evidence) == []


@pytest.mark.parametrize("fault", ["pwrite64:error=ENOSPC:when=40", "pwrite64:retval=0:when=40"])
def test_a_write_that_finds_no_space_or_is_short_is_made_again(
    fault: str, sites: BareSites, evidence: Evidence
) -> None:
    """Rows 19 and 22: a write finds no space, or writes nothing; the daemon lives and makes it again."""
    site, daemon = sites.site("prod"), sites.daemon()
    daemon.start()
    errors, fail_stops = ends_of_a_release(sites, site, daemon, TICKET, fault)
    daemon.stop()

    evidence.fired(errors)
    evidence.add(injected_errors=errors)
    assert fail_stops == 0
    assert broken_in(sites, evidence) == []


def test_a_file_that_may_not_grow_ends_the_daemon_and_the_next_start_goes_on(
    tmp_path: Path, evidence: Evidence
) -> None:
    """Row 22: the daemon meets its limit of the size of files in mid-step: a short write, and then EFBIG."""
    with GatedSite.made(tmp_path / "site") as gated:
        gated.release_to_the_gate()
        log = gated.sites.database.with_name("released.db-wal")
        limit = log.stat().st_size + 100  # in the middle of the next frame
        resource.prlimit(gated.daemon.process.pid, resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
        gated.gate.open()
        ended = gated.daemon.wait_dead()
        evidence.fired(log.stat().st_size == limit)
        evidence.add(fail_stops=int(ended == FAIL_STOP))
        gated.daemon.start()
        released = gated.end()
        gated.daemon.stop()

        assert (ended, released.returncode, released.stdout.count("▸ 1234-waits.sh")) == (FAIL_STOP, 0, 1)
        assert broken_in(gated.sites, evidence) == []
