"""An environment with a record that can be spoilt and put back: one release that is over, and one that is halted."""

from __future__ import annotations

import hashlib
import shutil
import sqlite3
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from support.bare_sites import BareSites

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.daemon_process import Daemon
    from support.site import Site

OVER, HALTED = "1234", "1235"
_SCRIPTS = {OVER: "#!/bin/sh\necho all users are there\n", HALTED: "#!/bin/sh\necho forbidden\nexit 3\n"}
_TRIGGERS = ("events_are_never_deleted", "events_are_never_changed", "payloads_are_only_shredded")


@dataclass(frozen=True)
class KeptRecord:
    """No daemon runs while the record is spoilt."""

    sites: BareSites
    site: Site
    daemon: Daemon

    @classmethod
    @contextmanager
    def made(cls, home: Path) -> Iterator[KeptRecord]:
        """Release both tickets with a real daemon, and stop it."""
        sites = BareSites.create(home, {"prod": {}})
        try:
            kept = cls(sites, sites.site("prod"), sites.daemon())
            kept.daemon.start()
            for ticket, script in _SCRIPTS.items():
                kept.site.merge(ticket, {f"releases/{ticket}-users.sh": script})
                kept.site.client("run", ticket)
            kept.daemon.stop()
            shutil.copy(kept.database, kept._copy)
            yield kept
        finally:
            sites.cleanup()

    @property
    def database(self) -> Path:
        """The file of the record."""
        return self.sites.database

    @property
    def digest(self) -> str:
        """Of the file of the record as it lies there."""
        return hashlib.sha256(self.database.read_bytes()).hexdigest()

    def put_back(self) -> None:
        """Have the record as it was made."""
        for suffix in ("-wal", "-shm"):
            self.database.with_name(self.database.name + suffix).unlink(missing_ok=True)
        shutil.copy(self._copy, self.database)

    def execute(self, *statements: str) -> int:
        """Change the database by hand, whatever its triggers forbid; give how many rows the last statement changed."""
        with closing(sqlite3.connect(self.database, isolation_level=None)) as connection:
            forbid_nothing(connection)
            return [connection.execute(statement).rowcount for statement in statements][-1]

    @contextmanager
    def served(self) -> Iterator[None]:
        """Serve it."""
        self.daemon.start()
        try:
            yield
        finally:
            self.daemon.stop()

    @property
    def _copy(self) -> Path:
        return self.database.with_name("kept.db")


def forbid_nothing(connection: sqlite3.Connection) -> None:
    """Drop the triggers that keep events as they are."""
    for trigger in _TRIGGERS:
        connection.execute(f"DROP TRIGGER IF EXISTS {trigger}")
