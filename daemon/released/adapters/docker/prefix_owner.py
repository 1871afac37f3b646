"""At most one daemon names containers with a prefix on an engine: a name of a Unix socket that only one can have.

The socket is abstract: its name lies in no folder, and the kernel frees it with the daemon, however that ends. Who has
it is asked of the kernel, so that it cannot be forged and a daemon that is stopped is named as well. Its limits: the
name belongs to a network namespace, so that daemons in containers with a network of their own do not see each other;
and any user of the host may take it first, which keeps the daemon from starting and names that user's process.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import socket
import struct
import threading
from typing import TYPE_CHECKING

from released.adapters.commands.process import describe
from released.adapters.docker.connection import EngineConnection
from released.domain.errors import InUse, ReleasedError

if TYPE_CHECKING:
    from collections.abc import Callable

_PATIENCE_S = 3
"""How long the engine may take to tell who it is; it is asked again later."""
_TRIES = 1000
"""How often a name is tried again that nobody listens at: its holder dies, or has not begun."""


class PrefixOwner:
    """One environment's claim on its prefix.

    Args:
        url: where the engine listens.
        environment: the name of the environment, for those who are refused.
    """

    def __init__(self, url: str, environment: str) -> None:
        self._url = url
        self._environment = environment
        self._engine: str | None = None
        self._prefix = ""
        self._listening: socket.socket | None = None

    def own(self, prefix: str) -> None:
        """Claim a prefix instead of the one before; nothing is claimed while the engine does not answer.

        Raises:
            InUse: ``engine_in_use``: another daemon, or another environment, has it.
        """
        if self._listening is not None and prefix == self._prefix:
            return
        engine = self._engine or self._identity()
        if engine is None:
            return
        listening = _listen(_name(engine, prefix), lambda holder: self._in_use(prefix, holder))
        self.close()
        self._engine, self._prefix, self._listening = engine, prefix, listening
        threading.Thread(target=_dismiss, args=(listening,), name="prefix-owner", daemon=True).start()

    def close(self) -> None:
        """Let go of it; a second call does nothing."""
        if self._listening is not None:
            self._listening.shutdown(socket.SHUT_RDWR)  # ends the thread's wait, which would keep the name
            self._listening.close()
        self._listening = None

    def _identity(self) -> str | None:
        connection = EngineConnection(self._url, _PATIENCE_S)
        try:
            with connection.answers() as api:
                return str(api.info()["ID"])
        except ReleasedError:
            return None
        finally:
            connection.close()

    def _in_use(self, prefix: str, holder: str) -> InUse:
        return InUse(
            "engine_in_use",
            f"Containers whose names begin with {prefix!r} on the engine at {self._url} belong to another released: "
            f"{holder}. Stop that one first, or give the environment {self._environment} a CONTAINER_PREFIX of its own "
            "in its .env.",
        )


def _name(engine: str, prefix: str) -> str:
    return f"\0released-owner-{hashlib.sha256(f'{engine}/{prefix}'.encode(errors='surrogateescape')).hexdigest()}"


def _listen(name: str, refusal: Callable[[str], InUse]) -> socket.socket:
    """Have the name, or refuse with who has it."""
    for _ in range(_TRIES):
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            listening.bind(name)
            listening.listen()
        except OSError as error:
            listening.close()
            if error.errno != errno.EADDRINUSE:
                raise
        else:
            return listening
        holder = _holder(name)
        if holder is not None:
            raise refusal(holder)
    raise refusal("a process that does not listen, so the kernel does not say which")


def _dismiss(listening: socket.socket) -> None:
    """Let go of those who asked: the kernel told them already, and keeps only so many waiting."""
    with contextlib.suppress(OSError):
        while True:
            listening.accept()[0].close()


def _holder(name: str) -> str | None:
    """Describe who listens at the name; ``None`` where nobody does now."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asking:
        asking.settimeout(0)
        try:
            asking.connect(name)
        except ConnectionRefusedError:
            return None
        except BlockingIOError:
            return "a process that is stopped, and whose name is no longer told because too many asked"
        pid, uid, _ = struct.unpack("3i", asking.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
    if pid == os.getpid():
        return "another environment of this one has the same CONTAINER_PREFIX"
    return f"{describe(pid)}, uid {uid}" if pid else f"a process in another container, uid {uid}"
