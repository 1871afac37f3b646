"""The file system of the record lets nobody write."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.gated_site import TICKET, GatedSite
from support.invariants import Remains, broken
from support.loop_disk import LoopDisk

if TYPE_CHECKING:
    from pathlib import Path

    from support.evidence import Evidence

pytestmark = pytest.mark.tier1

FAIL_STOP = 70


def test_the_daemon_ends_shows_what_is_on_record_and_goes_on_when_it_is_mended(
    tmp_path: Path, evidence: Evidence
) -> None:
    """Row 22: ext4 turns read-only in mid-step; the next start shows the record, one on a mended disk goes on."""
    with LoopDisk.mounted(tmp_path) as disk, GatedSite.made(tmp_path / "site", disk.root) as gated:
        gated.release_to_the_gate()
        disk.turn_read_only()
        evidence.fired()
        gated.gate.open()
        ended = gated.daemon.wait_dead()

        gated.daemon.start()
        status = gated.site.document("status", TICKET)
        refused = gated.site.told("cancel", TICKET, "--reason", "wrong night", code=3)
        gated.daemon.stop()
        disk.mend()
        gated.daemon.start()
        released = gated.end()
        gated.daemon.stop()

        assert ended == FAIL_STOP
        assert (status["read_only"]["cause"], status["summary"]["state"]) == ("file_system_read_only", "ticket")
        assert refused.reason == "read_only"
        assert (released.returncode, released.stdout.count("▸ 1234-waits.sh")) == (0, 1), released.stderr
        assert broken(Remains.of_sites(gated.sites)) == []
    evidence.add(fail_stops=1)
