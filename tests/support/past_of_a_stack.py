"""Three things that happened to one stack, one after the other, for questions about the past."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import subprocess

    from support.stack import Stack

WEB, FRONT = "1301", "1302"
"""The first ticket brings web to version 2; the second brings both to version 3, and its script fails once."""
SCRIPT = "releases/1302-move.sh"
FAILS_ONCE = "#!/bin/sh\ntest -e .asd/mended || { echo 'no such table: pages'; exit 7; }\necho moved 42 pages\n"


@dataclass
class PastOfAStack:
    """What was done, and between which moments."""

    stack: Stack
    moments: dict[str, dt.datetime] = field(default_factory=dict)
    merges: dict[str, str] = field(default_factory=dict)
    """Ticket to the commit that it was merged by."""
    containers: dict[str, dict[str, str]] = field(default_factory=dict)
    """What ran at each moment: container to its id, short."""

    def note(self, moment: str) -> None:
        """Remember how things stand now, under a name."""
        self.moments[moment] = dt.datetime.now(dt.UTC)
        services = self.document("services")["services"]
        self.containers[moment] = {one["name"]: one["id"] for each in services for one in each["containers"]}

    def at(self, moment: str) -> str:
        """Give a moment as it is typed."""
        return self.moments[moment].isoformat()

    def client(self, *arguments: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        """Run the client, which must end with this code."""
        finished = self.stack.client(*arguments)
        assert finished.returncode == code, finished.stdout + finished.stderr
        return finished

    def document(self, *arguments: str) -> dict[str, Any]:
        """Run the client and read its document."""
        found: dict[str, Any] = json.loads(self.client(*arguments, "-o", "json").stdout)
        return found


def lived(stack: Stack) -> PastOfAStack:
    """Do it all."""
    past = PastOfAStack(stack)
    past.note("before")
    past.merges[WEB] = stack.merge(WEB, stack.new_version("web", "2"))
    past.client("run", WEB)
    past.note("first released")
    both = stack.new_version("web", "3") | stack.new_version("front", "3")
    past.merges[FRONT] = stack.merge(FRONT, {**both, SCRIPT: FAILS_ONCE})
    past.client("run", FRONT, code=1)
    past.note("halted")
    (stack.ops.checkout / ".asd" / "mended").touch()
    past.client("resume", FRONT, "--reason", "the vendor's table was missing")
    past.note("second released")
    past.client("revert", FRONT, "--yes", "--reason", "pages are slow")
    past.note("taken back")
    return past
