"""What stands on the disk of a guest that was shut down: read from outside, without booting it again."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from released.domain import events as ev
from support import canary
from support.guest import installation, site
from support.invariants import Remains
from support.stack import ENVIRONMENT
from support.store import sqlite_store

if TYPE_CHECKING:
    from collections.abc import Collection


@dataclass(frozen=True)
class Aftermath:
    """Copies of what the daemon and the scripts left."""

    state: Path
    checkout: Path
    witness: Path

    @classmethod
    def of(cls, disk: Path, folder: Path) -> Aftermath:
        """Copy it out of an ext4 file system that was unmounted."""
        places = (installation.STATE, installation.CHECKOUT, site.WITNESS)
        return cls(*(_copied(disk, place, folder) for place in places))

    def remains(self, acknowledged: Collection[str]) -> Remains:
        """Give what the invariants are asked of."""
        derived = {ENVIRONMENT: self.checkout / ".asd/workspace/releases"}
        seen = {site.step_of(file.name): len(file.read_text().splitlines()) for file in self.witness.iterdir()}
        return Remains(self.state / "released.db", acknowledged, seen, derived, leaks=self._leaks)

    def boots_of_daemons(self) -> list[str]:
        """List under which boot id each daemon took over, but for the one that ran when the disk was made."""
        with sqlite_store(self.state / "released.db") as store:
            taken = [one.event for one in store.read(ev.environment_stream(ENVIRONMENT))]
        return [one.boot_id for one in taken if isinstance(one, ev.LeaseTaken)][1:]

    def head(self) -> str:
        """Give the commit of the checkout, all of whose objects are there, and whose files are as committed.

        Raises:
            AssertionError: they are not; the message holds git's complaint.
        """
        self._git("fsck", "--connectivity-only", "--no-dangling")
        assert self._git("status", "--porcelain") == ""
        return self._git("rev-parse", "HEAD")

    def _leaks(self) -> list[str]:
        found = canary.files_with(site.SECRET, [self.state, self.checkout / ".asd"])
        # A backup of the configuration holds .env on purpose, or there would be nothing to restore.
        return [path for path in found if not path.endswith("/config.tar.zst")]

    def _git(self, *arguments: str) -> str:
        finished = subprocess.run(
            ["git", "-C", self.checkout, *arguments],  # noqa: S607 (tests use the git that is found on the path)
            capture_output=True,
            text=True,
            check=False,
        )
        assert finished.returncode == 0, finished.stderr
        return finished.stdout.strip()


def _copied(disk: Path, folder: str, target: Path) -> Path:
    subprocess.run(
        ["debugfs", "-R", f"rdump {folder} {target}", disk],  # noqa: S607 (in /sbin of root)
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=True,
    )
    return target / Path(folder).name
