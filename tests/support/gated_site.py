"""A bare environment whose release stands at a gate in its script, so that the disk can fail at that moment."""

from __future__ import annotations

import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from support.bare_sites import BareSites
from support.daemon_process import PATIENCE_S
from support.gate import Gate
from support.notify_socket import NotifySocket

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.daemon_process import Daemon
    from support.site import Site

TICKET = "1234"


@dataclass(frozen=True)
class GatedSite:
    """One environment of one daemon, whose record may lie on a disk of its own."""

    sites: BareSites
    site: Site
    daemon: Daemon
    gate: Gate

    @classmethod
    @contextmanager
    def made(cls, home: Path, record: Path | None = None) -> Iterator[GatedSite]:
        """Make it; nothing runs yet."""
        sites = BareSites.create(home, {"prod": {}}, record)
        try:
            site = sites.site("prod")
            yield cls(sites, site, sites.daemon(), Gate.before(site, TICKET))
        finally:
            sites.cleanup()

    def release_to_the_gate(self) -> None:
        """Start the daemon, and the release, and wait until it stands at the gate."""
        self.daemon.start()
        assert self.site.client("run", TICKET, "--detach").returncode == 0
        self.gate.await_arrival()

    def end(self) -> subprocess.CompletedProcess[str]:
        """Follow the release to its end."""
        return self.site.client("watch", TICKET)

    @contextmanager
    def told(self, status: str) -> Iterator[None]:
        """Wait at the end until the running daemon has told its supervisor this status since."""
        with NotifySocket(self.sites.runtime / "notify") as supervisor:
            yield
            assert supervisor.wait_for(f"STATUS={status}".encode(), self.daemon.process.pid, PATIENCE_S)
