"""The public socket: only its group can enter its folder, and every connection is asked who it is."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import grp
import logging
import os
import socket
import stat
from pathlib import Path

from released.api.identity import Peer, peer_of
from released.domain.configuration import Listener
from released.domain.errors import ReleasedError

logger = logging.getLogger(__name__)

_CHUNK = 65536
_UNCHANGED = -1
"""As owner or group of a chown: stays as it is."""
_PATH_BYTES = 100
"""The kernel takes 107 bytes; the private socket's name is a little longer."""
_CONNECTIONS = 256
"""Each takes three descriptors; more than these would leave none for the store and the engine."""


class SocketInUse(ReleasedError):
    """Another daemon listens there, so that binding again would steal its socket; or the place is not safe."""


class UnknownGroup(ReleasedError):
    """The group that is to use the socket does not exist."""


class Front:
    """Accepts connections on a Unix socket and passes them on to the private gRPC socket."""

    def __init__(self, listener: Listener, inner: Path) -> None:
        self._listener = listener
        self._inner = inner
        self._gid = _UNCHANGED
        self._lock: int | None = None
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    def claim(self) -> None:
        """Make the socket's place ours, before anything listens: its folder, and the lock beside it.

        Raises:
            SocketInUse: another process holds the lock (``socket_in_use``), something else than a socket lies in its
                place (``socket_place_taken``), or others may put something there (``socket_folder_unsafe``).
            UnknownGroup: this host has no such group.
        """
        self._gid = _gid(self._listener.group)
        path = self._listener.path
        if len(os.fsencode(path)) > _PATH_BYTES:
            raise SocketInUse("socket_path_too_long", f"{path} is longer than {_PATH_BYTES} bytes; listen elsewhere.")
        self._own_folder(path.parent)
        _refuse_shared(path.parent)
        _refuse_taken(path)
        self._lock = _lock(path)

    async def start(self) -> None:
        """Listen; the place must be claimed."""
        path = self._listener.path
        path.unlink(missing_ok=True)
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listening.bind(str(path))
        self._admit(path, self._listener.mode)
        self._server = await asyncio.start_unix_server(self._serve, sock=listening)

    async def stop(self) -> None:
        """Stop listening and end every connection; a second call does nothing."""
        if self._server is not None:
            self._server.close()
            for task in self._connections:
                task.cancel()
            await asyncio.gather(*self._connections, return_exceptions=True)
            self._listener.path.unlink(missing_ok=True)
            self._server = None
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _own_folder(self, folder: Path) -> None:
        """Make the folder where it is missing; only its owner and group may enter one that we made."""
        if not folder.exists():
            folder.mkdir(mode=0o750, parents=True)
            self._admit(folder, 0o750)

    def _admit(self, path: Path, mode: int) -> None:
        os.chown(path, _UNCHANGED, self._gid)
        path.chmod(mode)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None or len(self._connections) >= _CONNECTIONS:
            writer.close()
            return
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)
        try:
            await self._pass_on(reader, writer)
        except (ConnectionError, asyncio.CancelledError):
            pass
        except OSError as error:
            logger.warning("a connection could not be passed on: %s", error)
        finally:
            writer.close()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        dialled = await self._dial(peer_of(writer.get_extra_info("socket")))
        inner_reader, inner_writer = await asyncio.open_unix_connection(sock=dialled)
        try:
            await asyncio.gather(_copy(reader, inner_writer), _copy(inner_reader, writer))
        finally:
            inner_writer.close()

    async def _dial(self, peer: Peer) -> socket.socket:
        """Connect to the gRPC socket from an address that says who calls."""
        dialled = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            dialled.settimeout(0)
            dialled.bind(peer.address())
            await asyncio.get_running_loop().sock_connect(dialled, str(self._inner))
        except BaseException:
            dialled.close()
            raise
        return dialled


def _refuse_shared(folder: Path) -> None:
    """Let pass a folder in which nobody else can put a socket of his own in the place of ours."""
    found = folder.stat()
    if found.st_uid not in (0, os.geteuid()) or found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        message = (
            f"Others may write in {folder} (uid {found.st_uid}, mode {stat.S_IMODE(found.st_mode):04o}), so they could "
            f"put a socket of theirs in the place of ours. Type chmod go-w {folder}, or listen elsewhere."
        )
        raise SocketInUse("socket_folder_unsafe", message)


def _refuse_taken(path: Path) -> None:
    """Let pass a place where nothing lies, or the socket of a daemon that is gone."""
    with contextlib.suppress(FileNotFoundError):
        if not stat.S_ISSOCK(path.lstat().st_mode):
            message = f"{path} is no socket but something else. Look at it, take it away, then start again."
            raise SocketInUse("socket_place_taken", message)


def own_private_folder(folder: Path) -> None:
    """Make the private socket's folder; who can enter it could call in another's name.

    Raises:
        SocketInUse: ``socket_folder_unsafe``: somebody else made something there.
    """
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o077:
        message = f"{folder} must be a folder that only the daemon's user may enter. Remove it, then start again."
        raise SocketInUse("socket_folder_unsafe", message)


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(_CHUNK):
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        writer.close()


def _gid(group: str | None) -> int:
    if group is None:
        return _UNCHANGED
    try:
        return grp.getgrnam(group).gr_gid
    except KeyError:
        message = (
            f"This host has no group {group}, which the configuration names under listen. Make it, or name another."
        )
        raise UnknownGroup("group_unknown", message) from None


def _lock(path: Path) -> int:
    """Lock the file beside the socket: a second bind would succeed, and steal the socket."""
    lock = path.with_name(f"{path.name}.lock")
    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        message = f"Another released listens on {path} (it holds {lock}). Stop it first, or listen elsewhere."
        raise SocketInUse("socket_in_use", message) from None
    return descriptor
