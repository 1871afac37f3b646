"""What wakes the shim while it waits."""

from __future__ import annotations

import contextlib
import os
import signal

STOP = signal.SIGUSR1
"""Sent to the shim, it ends the command and everything below it; sent again, it changes nothing."""

_CHUNK = 65536


class Bell:
    """Rings when a child has died or the daemon wants the command stopped; one that is waited for with poll(2).

    A signal that came just before the wait would be lost without it.
    """

    def __init__(self) -> None:
        self.stop_is_asked = False
        self.descriptor, self._clapper = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(self._clapper, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(STOP, self._ask)

    def silence(self) -> None:
        """Be ready to ring again."""
        with contextlib.suppress(BlockingIOError):
            os.read(self.descriptor, _CHUNK)

    def _ask(self, *_: object) -> None:
        self.stop_is_asked = True
