"""A supervisor's end of the sd_notify protocol: wait until a process says that it is ready, or dies."""

from __future__ import annotations

import os
import select
import socket
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

_READY = b"READY=1"
_MESSAGE_BYTES = 4096


class NotifySocket:
    """The datagram socket that NOTIFY_SOCKET names."""

    def __init__(self, path: Path) -> None:
        path.unlink(missing_ok=True)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _tb: TracebackType | None
    ) -> None:
        self._socket.close()

    def wait_until_ready(self, pid: int, patience_s: float) -> bool:
        """Wait for READY=1; ``False`` when the process ended first.

        Raises:
            AssertionError: neither happened in time.
        """
        return self.wait_for(_READY, pid, patience_s)

    def wait_for(self, word: bytes, pid: int, patience_s: float) -> bool:
        """Wait for a word of the protocol; ``False`` when the process ended first.

        Raises:
            AssertionError: neither happened in time.
        """
        process = os.pidfd_open(pid)
        try:
            while True:
                readable, _, _ = select.select([self._socket.fileno(), process], [], [], patience_s)
                assert readable, f"process {pid} said nothing for {patience_s} s"
                if self._socket.fileno() not in readable:
                    return False
                if word in self._socket.recv(_MESSAGE_BYTES).splitlines():
                    return True
        finally:
            os.close(process)
