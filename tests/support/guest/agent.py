"""Runs programs in the guest, through the QEMU guest agent that runs there."""

from __future__ import annotations

import base64
import secrets
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from support.guest.monitor import Monitor

if TYPE_CHECKING:
    from socket import socket

_LOOK_S = 0.3
"""How often it is asked whether a program has ended, since the agent tells nothing unasked."""


@dataclass(frozen=True)
class Finished:
    """A program of the guest that has ended."""

    status: int
    """Its exit code; -1 where a signal ended it."""
    stdout: str
    stderr: str


class Agent:
    """A connection with the agent of a guest, which may boot again meanwhile."""

    def __init__(self, connection: socket) -> None:
        self._monitor = Monitor(connection)
        self._pause = threading.Event()

    def greet(self) -> None:
        """Wait until it answers this very greeting: the guest has booted, and what an earlier boot said is skipped."""
        number = secrets.randbits(31)
        self._monitor.send("guest-sync", {"id": number})
        next(message for message in self._monitor.messages() if message.get("return") == number)

    def run(self, *argv: str) -> Finished:
        """Run a program to its end."""
        pid = self.start(*argv, capture=True)
        while not (status := self._monitor.call("guest-exec-status", {"pid": pid}))["exited"]:
            self._pause.wait(_LOOK_S)
        return Finished(status.get("exitcode", -1), _text(status, "out-data"), _text(status, "err-data"))

    def must(self, *argv: str) -> str:
        """Run a program that has to succeed; give what it printed.

        Raises:
            AssertionError: it failed; the message holds its complaint.
        """
        finished = self.run(*argv)
        assert finished.status == 0, f"{argv} ended with {finished.status}: {finished.stdout}{finished.stderr}"
        return finished.stdout

    def start(self, *argv: str, capture: bool = False) -> int:
        """Start a program and give its pid; what it prints is kept for ``run`` only."""
        arguments = {"path": argv[0], "arg": list(argv[1:]), "capture-output": capture}
        return int(self._monitor.call("guest-exec", arguments)["pid"])


def _text(status: dict[str, Any], field: str) -> str:
    return base64.b64decode(status.get(field, "")).decode(errors="replace")
