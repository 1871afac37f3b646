"""A record of which there is an older copy: taken in the middle of a release, or left when a WAL was lost."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

from support.bare_environment import BareEnvironment
from support.daemon_process import PATIENCE_S, PROGRAMS
from support.file_watch import await_content
from support.invariants import Remains

if TYPE_CHECKING:
    from pathlib import Path

TICKET = "1234"
FORGETFUL = """\
from released.adapters.git import witness_file
witness_file.WitnessFile.read = lambda self: None
"""
"""A daemon that does not hear the witness."""


class OlderRecord:
    """An environment, and a ticket with two scripts: the first waits at a gate, the second leaves a trace."""

    def __init__(self, home: Path, broken: str = "") -> None:
        self.environment = BareEnvironment(home, broken)
        self.copy = home / "copy.db"
        self.newest = home / "newest.db"
        self._began, self._gate, self._trace = home / "began", home / "gate", home / "trace"
        os.mkfifo(self._gate)

    def begin(self) -> None:
        """Begin to release the ticket; its first script waits when this returns."""
        self.merge()
        self.environment.client("run", TICKET, "--detach")
        self.await_begin()

    def merge(self) -> None:
        """Merge the ticket, which nobody releases yet."""
        scripts = {
            "releases/1234-a.sh": f"#!/bin/sh\necho began >>{self._began}\ncat {self._gate}\n",
            "releases/1234-b.sh": f"#!/bin/sh\necho ran >>{self._trace}\n",
        }
        self.environment.ops.merge_pull_request("t", scripts, "Two scripts")

    def await_begin(self) -> None:
        """Wait until the first script runs."""
        await_content(self._began, b"began", 1)

    def finish(self) -> None:
        """Let the release come to its end."""
        self.let_end()
        assert self.environment.client("watch", TICKET).returncode == 0

    def await_second(self) -> None:
        """Let the first script end, and wait until the second one has run."""
        self.let_end()
        await_content(self._trace, b"ran", 1)

    def halt(self) -> None:
        """Let the release halt between its scripts."""
        self.begin()
        self.environment.client("cancel", TICKET, "--reason", "wrong night")
        self.let_end()
        self.environment.client("watch", TICKET)

    def let_end(self) -> None:
        """Let the first script go on."""
        self._gate.open("w").close()

    def back_up(self) -> None:
        """Copy the record as it stands."""
        copied = self.released("db", "backup", "--config", str(self.environment.config), str(self.copy))
        assert copied.returncode == 0, copied.stderr

    def restore(self) -> None:
        """Put the copy in the place of the record, which is kept; no daemon runs."""
        shutil.copy(self.environment.database, self.newest)
        self._put(self.copy)

    def bring_back(self) -> None:
        """Put the newest record back; no daemon runs."""
        self._put(self.newest)

    def accept(self, reason: str = "the newer one is lost") -> subprocess.CompletedProcess[str]:
        """Take the record as it is."""
        which = ("--config", str(self.environment.config), "--environment", "prod")
        return self.released("db", "accept", *which, "--reason", reason)

    def released(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the daemon's program for one of its other commands."""
        command = [str(PROGRAMS / "released"), *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False)

    @property
    def traces(self) -> int:
        """How often the second script ran."""
        return len(self._trace.read_text(encoding="ascii").splitlines()) if self._trace.exists() else 0

    @property
    def remains(self) -> Remains:
        """What invariants are asked of."""
        database, owner = self.environment.database, self.witness.with_name("owner")
        return Remains(database, locks=[database.with_name(f"{database.name}.lock"), owner])

    @property
    def witness(self) -> Path:
        """What lies beside the checkout."""
        return self.environment.ops.checkout / ".git/released/witness"

    def _put(self, record: Path) -> None:
        for file in self.environment.database.parent.glob("released.db*"):
            file.unlink()
        shutil.copy(record, self.environment.database)
