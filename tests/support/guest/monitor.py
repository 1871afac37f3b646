"""Talks with QEMU and with the agent in the guest: both take commands as JSON, one a line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from socket import socket


class Monitor:
    """A connection on which commands are answered; it raises TimeoutError as its socket does."""

    def __init__(self, connection: socket) -> None:
        self._connection = connection
        self._lines = connection.makefile("rb")

    def call(self, command: str, arguments: Mapping[str, object] | None = None) -> Any:  # noqa: ANN401 (as it answers)
        """Have a command carried out and give its answer.

        Raises:
            AssertionError: it was refused.
        """
        self.send(command, arguments)
        answer = next(message for message in self.messages() if "return" in message or "error" in message)
        assert "error" not in answer, answer["error"]
        return answer["return"]

    def send(self, command: str, arguments: Mapping[str, object] | None = None) -> None:
        """Ask for a command, and do not wait for its answer."""
        self._connection.sendall(json.dumps({"execute": command, "arguments": arguments or {}}).encode() + b"\n")

    def messages(self) -> Iterator[dict[str, Any]]:
        """Give what comes, one message after the other.

        Raises:
            ConnectionError: the other side is gone.
            TimeoutError: nothing came for too long.
        """
        while line := self._lines.readline():
            yield json.loads(line)
        raise ConnectionError("QEMU has ended")
