"""A file that one process holds until it dies, and that names its holder to whoever comes second.

The hold is an flock: the kernel frees it with the process, however that ends, and no child inherits it. What stands in
the file counts only while it is held. Whoever comes waits at the file's door, a second lock that is held for a moment,
until who holds it has signed.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import fcntl
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import msgspec

from released.domain.holder import Holder


class AlreadyHeld(Exception):
    """Another process holds the file; ``holder`` is ``None`` where the file does not say who."""

    def __init__(self, path: Path, holder: Holder | None) -> None:
        super().__init__(str(holder or f"a process that {path} does not name (try: fuser {path})"))
        self.holder = holder


class HeldFile:
    """A hold, until it is closed."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def is_at(self, path: Path) -> bool:
        """Tell whether the file that is held is the one that lies at ``path`` now."""
        with contextlib.suppress(OSError):
            return os.path.samestat(os.fstat(self._descriptor), path.lstat())
        return False

    def close(self) -> None:
        """Let go of it."""
        os.close(self._descriptor)


def this_process(state: Path, environment: str = "") -> Holder:
    """Describe this process as one that begins to hold something now."""
    return Holder(os.getpid(), socket.gethostname(), dt.datetime.now(dt.UTC), str(state), environment)


def hold(path: Path, holder: Holder, mode: int = 0o600) -> HeldFile:
    """Hold a file, which is made where it is missing and never removed.

    Args:
        path: the file; its folder must exist.
        holder: who is named to others.
        mode: of a file that is made.

    Raises:
        AlreadyHeld: another process, or this one, holds it.
        OSError: it cannot be made or written.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, mode)
    try:
        with _door(descriptor):
            _take(descriptor, path)
            _sign(descriptor, holder)
    except BaseException:
        os.close(descriptor)
        raise
    return HeldFile(descriptor)


@contextlib.contextmanager
def _door(descriptor: int) -> Iterator[None]:
    fcntl.lockf(descriptor, fcntl.LOCK_EX)
    try:
        yield
    finally:
        fcntl.lockf(descriptor, fcntl.LOCK_UN)


def _take(descriptor: int, path: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise AlreadyHeld(path, _signature(descriptor)) from None


def _sign(descriptor: int, holder: Holder) -> None:
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, msgspec.json.encode(holder) + b"\n", 0)


def _signature(descriptor: int) -> Holder | None:
    with contextlib.suppress(msgspec.MsgspecError, OSError):
        return msgspec.json.decode(os.pread(descriptor, 4096, 0), type=Holder)
    return None
