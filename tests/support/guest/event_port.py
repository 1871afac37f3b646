"""The way by which what a client in the guest prints leaves the guest at once: what came through was acknowledged."""

from __future__ import annotations

import json
import select
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from socket import socket

NAME = "events"
"""Of the serial port in the guest."""
_BYTES = 65536


class EventPort:
    """The host's end of a serial port, from which JSON is read line by line."""

    def __init__(self, connection: socket) -> None:
        self._connection = connection
        self._unread = b""

    def next(self, patience_s: float) -> list[dict[str, Any]]:
        """Wait for what comes next, and give all that is there.

        Raises:
            AssertionError: nothing came in time.
        """
        assert self._receive(patience_s), f"The client in the guest printed nothing for {patience_s:g} s."
        return self._lines() or self.next(patience_s)

    def within(self, seconds: float) -> list[dict[str, Any]]:
        """Give what comes within a time, which passes wholly."""
        lines: list[dict[str, Any]] = []
        deadline = time.monotonic() + seconds
        while self._receive(max(deadline - time.monotonic(), 0)):
            lines += self._lines()
        return lines

    def rest(self) -> list[dict[str, Any]]:
        """Give what came through before the guest was reset; half a line is nothing."""
        rest = self.within(0)
        self._unread = b""
        return rest

    def _receive(self, timeout_s: float) -> bool:
        readable, _, _ = select.select([self._connection], [], [], timeout_s)
        received = self._connection.recv(_BYTES) if readable else b""
        self._unread += received
        return bool(received)

    def _lines(self) -> list[dict[str, Any]]:
        *complete, self._unread = self._unread.split(b"\n")
        return [json.loads(line) for line in complete if line.strip()]
