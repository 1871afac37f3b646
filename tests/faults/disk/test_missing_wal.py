"""A database whose WAL is gone: its main file alone is an older copy of the record."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from support.older_record import TICKET, OlderRecord

if TYPE_CHECKING:
    from pathlib import Path

    from support.evidence import Evidence


def test_a_record_that_lost_its_wal_is_known_as_older(tmp_path: Path, evidence: Evidence) -> None:
    """Row 22: after kill -9 what was not yet in the main file lies in the WAL alone; without it nothing is done."""
    story = OlderRecord(tmp_path / "home")
    with story.environment as environment:
        environment.daemon.stop()  # all that was recorded so far is in the main file
        environment.daemon.start()
        story.begin()
        environment.daemon.kill()
        wal = environment.database.with_name("released.db-wal")
        assert wal.stat().st_size > 0
        wal.unlink()
        environment.daemon.start()
        evidence.fired()

        told = environment.client("-o", "json", "run", TICKET)

        story.let_end()
        assert (told.returncode, json.loads(told.stdout)["error"]["reason"]) == (3, "record_is_older")
        assert environment.client("list").returncode == 0
        assert story.traces == 0
