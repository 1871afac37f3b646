"""The disk of the record is full: nothing begins, what runs waits, and all goes on once there is space."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.file_watch import await_content
from support.gated_site import TICKET, GatedSite
from support.invariants import Remains, broken
from support.loop_disk import LoopDisk

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.evidence import Evidence

pytestmark = pytest.mark.tier1


@pytest.fixture(name="disk")
def _disk(tmp_path: Path) -> Iterator[LoopDisk]:
    with LoopDisk.mounted(tmp_path) as disk:
        yield disk


@pytest.fixture(name="gated")
def _gated(tmp_path: Path, disk: LoopDisk) -> Iterator[GatedSite]:
    with GatedSite.made(tmp_path / "site", disk.root) as gated:
        yield gated
        gated.daemon.end()


def test_a_release_waits_for_space_and_goes_on(gated: GatedSite, disk: LoopDisk, evidence: Evidence) -> None:
    """Row 19: the disk is full when a step has ended; the release waits, says so, and goes on once there is space."""
    gated.release_to_the_gate()
    ballast = disk.fill()
    gated.gate.open()
    await_content(gated.sites.home / "daemon.log", b"no space is left")

    status = gated.site.document("status", TICKET)
    refused = gated.site.told("note", TICKET, "the disk is full", code=3)
    ballast.unlink()
    ended = gated.end()

    evidence.fired(gated.daemon.log.count("no space is left"))
    assert (status["read_only"]["cause"], refused.reason) == ("disk_full", "read_only")
    assert (ended.returncode, ended.stdout.count("▸ 1234-waits.sh")) == (0, 1)
    assert gated.site.document("status")["read_only"] is None
    assert broken(Remains.of_sites(gated.sites)) == []


def test_a_daemon_that_starts_on_a_full_disk_goes_on_by_itself(
    gated: GatedSite, disk: LoopDisk, evidence: Evidence
) -> None:
    """Rows 19 and 22: the disk is full at the start; what is on record is shown, and the release goes on with space."""
    gated.release_to_the_gate()
    gated.daemon.kill()
    ballast = disk.fill()
    gated.daemon.start()

    status = gated.site.document("status", TICKET)
    refused = gated.site.told("run", TICKET, code=3)
    evidence.fired(status["read_only"]["cause"] == "disk_full")
    with gated.told("serves prod"):
        ballast.unlink()
    gated.gate.open()
    ended = gated.end()

    assert ("df", "-h", str(disk.root)) in refused.next
    assert (ended.returncode, ended.stdout.count("▸ 1234-waits.sh")) == (0, 1)
    assert broken(Remains.of_sites(gated.sites)) == []
