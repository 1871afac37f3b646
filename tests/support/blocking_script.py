"""A ticket script that notes its begin, waits to be let go on, and notes its end: to be adopted or killed."""

from __future__ import annotations

import json
import os
import select
import shlex
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from support.file_watch import await_content
from support.stack import ENVIRONMENT

if TYPE_CHECKING:
    from support.stack import Stack

TICKET = "1234"
NAME = "1234-blocks.sh"


@dataclass(frozen=True)
class BlockingScript:
    """The only script of ticket 1234, which touches no service."""

    stack: Stack

    @classmethod
    def merged(cls, stack: Stack, rc: int = 0, header: str = "") -> BlockingScript:
        """Merge a ticket with such a script.

        Args:
            stack: the environment.
            rc: the script's exit code.
            header: lines of comment at its top.
        """
        script = cls(stack)
        stack.merge(TICKET, {f"releases/{NAME}": script.content(rc, header)})
        return script

    def content(self, rc: int = 0, header: str = "") -> str:
        """Make its gate, and give what it consists of."""
        os.mkfifo(self._gate)
        witness, gate = shlex.quote(str(self._witness)), shlex.quote(str(self._gate))
        text = f"#!/bin/sh\n{header}\necho began $$ >>{witness}\necho waiting\ncat {gate}\n"
        return f"{text}echo ended >>{witness}\nexit {rc}\n"

    def await_begin(self, times: int = 1) -> None:
        """Wait until it runs, for the so manieth time."""
        await_content(self._witness, b"began", times)

    def let_end(self) -> None:
        """Let it go on; it is running."""
        self._gate.open("w").close()

    def await_result(self) -> None:
        """Wait until it is over and its shim has left the result of the first attempt."""
        await_content(self._slot / "result.json", b"}")

    def kill(self) -> None:
        """Kill shim and script by -9, as the death of the host does."""
        began = self.noted()[-1].split()
        _kill(json.loads((self._slot / "started.json").read_bytes())["pid"])
        _kill(int(began[1]))

    def lives(self) -> bool:
        """Tell whether anything of it still runs."""
        group = self.noted()[-1].split()[1]
        return bool(_members(group))

    def noted(self) -> list[str]:
        """Give what it noted: ``began PID`` and ``ended``."""
        return self._witness.read_text(encoding="ascii").splitlines()

    def has_begun(self) -> bool:
        """Tell whether it was ever run."""
        return self._witness.exists()

    def runs(self) -> list[str]:
        """Give what it noted, without process ids."""
        return [line.split()[0] for line in self.noted()]

    @property
    def started_record(self) -> Path:
        """Where the shim of the first attempt says who it is."""
        return self._slot / "started.json"

    @property
    def _witness(self) -> Path:
        return self.stack.home / "witness"

    @property
    def _gate(self) -> Path:
        return self.stack.home / "gate"

    @property
    def _slot(self) -> Path:
        return self.stack.state_dir / "steps" / ENVIRONMENT / TICKET / "1" / NAME / "1"


def _members(group: str) -> list[int]:
    """Give the processes of this group that live; one that is dead and not buried yet does not."""
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit() and _is_member(entry, group)]


def _is_member(process: Path, group: str) -> bool:
    try:
        fields = (process / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return False
    return fields[0] not in "ZX" and fields[2] == group


def _kill(leader: int) -> None:
    """Kill a process with its group, and wait for the death of each."""
    members = [os.pidfd_open(pid) for pid in _members(str(leader))]
    try:
        os.killpg(leader, signal.SIGKILL)
        for member in members:
            select.select([member], [], [])
    finally:
        for member in members:
            os.close(member)
