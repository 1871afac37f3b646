"""Tells the supervisor that the daemon is ready and alive (sd_notify(3)); says nothing where nobody asks."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import Mapping
from typing import NoReturn

_SAFETY = 2
"""Twice in the time that the supervisor allows: once may be late."""


def notify(state: str) -> None:
    """Send a state such as ``READY=1``; a supervisor that went away is no reason to fail."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as connection, contextlib.suppress(OSError):
        connection.connect(f"\0{address[1:]}" if address.startswith("@") else address)
        connection.sendall(state.encode())


def heartbeat_s(variables: Mapping[str, str], pid: int) -> float | None:
    """How often the supervisor is to hear that process ``pid`` is alive, in seconds; ``None`` where it did not ask."""
    if variables.get("WATCHDOG_PID", str(pid)) != str(pid):
        return None
    allowed_us = variables.get("WATCHDOG_USEC", "")
    return int(allowed_us) / 1e6 / _SAFETY if allowed_us.isdecimal() and int(allowed_us) else None


async def beat(interval_s: float) -> NoReturn:
    """Say from the event loop that it still turns; a loop that stands still is killed by the supervisor."""
    while True:
        notify("WATCHDOG=1")
        await asyncio.sleep(interval_s)
