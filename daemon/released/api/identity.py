"""Who calls: read from the kernel when a connection is accepted, carried to the handlers in the peer's name.

gRPC does not tell the uid behind a Unix socket, and its local credentials verify nothing. So the public socket is an
accept loop of ours (``front``), which asks the kernel and dials the private gRPC socket from an abstract address that
spells out the caller. Only the daemon can reach the private socket, so the name cannot be forged.
"""

from __future__ import annotations

import os
import pwd
import re
import socket
import struct
from dataclasses import dataclass
from pathlib import Path

from released.domain.events import Actor

_NAME = re.compile(r"unix-abstract:(?:%00|\x00)?released-peer-(\d+)-(\d+)-[0-9a-f]+")
_NO_LOGIN = 2**32 - 1
"""What the kernel says of processes that no login started."""


@dataclass(frozen=True)
class Peer:
    """The process at the other end of a Unix socket."""

    uid: int
    login_uid: int

    def address(self) -> str:
        """Make an abstract address that spells this peer out, different at each call."""
        return f"\0released-peer-{self.uid}-{self.login_uid}-{os.urandom(8).hex()}"


def peer_of(connection: socket.socket) -> Peer:
    """Ask the kernel who is at the other end."""
    pid, uid, _ = struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
    return Peer(uid, _login_uid(pid))


def actor_of(peer_name: str) -> Actor:
    """Read the caller out of the name that gRPC gives for the peer.

    Raises:
        PermissionError: the call did not come through the public socket.
    """
    match = _NAME.fullmatch(peer_name)
    if match is None:
        raise PermissionError(f"a call from {peer_name!r} did not come through the public socket")
    uid, login_uid = int(match[1]), int(match[2])
    return Actor(uid, _user_name(uid), None if login_uid == _NO_LOGIN else login_uid)


def own_actor() -> Actor:
    """Tell who runs this process."""
    uid, login_uid = os.getuid(), _login_uid(os.getpid())
    return Actor(uid, _user_name(uid), None if login_uid == _NO_LOGIN else login_uid)


def _login_uid(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/loginuid").read_text(encoding="ascii"))
    except (OSError, ValueError):
        return _NO_LOGIN


def _user_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
