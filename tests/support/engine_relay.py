"""A way to a Docker engine on which something is killed at a chosen moment between two requests, or in one."""

from __future__ import annotations

import re
import socket
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from support.docker_stack import ENGINE_URL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

_PIECE = 65536
_REQUEST = re.compile(rb"(?:GET|HEAD|POST|PUT|DELETE) /v[0-9.]+(/\S*) HTTP/1\.1\r\n")


@dataclass(frozen=True)
class Moment:
    """When requests were made in this order, and the last of them is answered, or so far on its way."""

    requests: Sequence[str]
    """Method and the beginning of the path, for instance ``DELETE /volumes/``."""
    sent_bytes: int = 0
    """Of the last request; 0: all, and the engine has answered."""


class EngineRelay:
    """Passes on what is said, in both directions; what a killed process was about to hear is not said.

    Args:
        path: of its socket.
        engine: where the engine listens.
    """

    def __init__(self, path: Path, engine: str) -> None:
        self.url = f"unix://{path}"
        self.engine = engine.removeprefix("unix://")
        self.has_struck = threading.Event()
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(str(path))
        self._listener.listen()
        self._conversations: list[tuple[_Conversation, threading.Thread]] = []
        self._moment = Moment(())
        self._ahead: list[str] = []
        self._kill: Callable[[], None] = _nobody

    def kill_at(self, moment: Moment, kill: Callable[[], None]) -> None:
        """Kill at this moment, which is to come."""
        self._moment, self._ahead, self._kill = moment, list(moment.requests), kill
        self.has_struck.clear()

    def serve(self) -> None:
        """Take connections until it is closed."""
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                conversation = _Conversation(self, client)
                thread = threading.Thread(target=conversation.hold)
                self._conversations.append((conversation, thread))
                thread.start()

    def close(self) -> None:
        """Take no more connections, and end those that there are: an engine may keep one open that nobody reads."""
        self._listener.shutdown(socket.SHUT_RDWR)
        for conversation, thread in self._conversations:
            conversation.cut()
            thread.join()
        self._listener.close()

    def is_last(self, request: str) -> bool:
        """Tell whether a request is the last one before the moment; those before it are ticked off."""
        if not self._ahead or not request.startswith(self._ahead[0]):
            return False
        self._ahead.pop(0)
        return not self._ahead

    def is_so_far(self, sent_bytes: int) -> bool:
        """Tell whether so much of the last request is enough."""
        return 0 < self._moment.sent_bytes <= sent_bytes

    def strike(self) -> None:
        """Kill."""
        self._kill()
        self.has_struck.set()


class _Conversation:
    """One connection."""

    def __init__(self, relay: EngineRelay, client: socket.socket) -> None:
        self._relay = relay
        self._client = client
        self._engine = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._sent_bytes = 0
        self._is_last = False

    def hold(self) -> None:
        """Pass on what both sides say until they have ended."""
        with self._client, self._engine, suppress(ConnectionError, FileNotFoundError):
            self._engine.connect(self._relay.engine)
            answering = threading.Thread(target=self._answer)
            answering.start()
            self._ask()
            answering.join()

    def _ask(self) -> None:
        with suppress(OSError):
            while piece := self._client.recv(_PIECE):
                self._look_at(piece)
                self._engine.sendall(piece)
                if self._is_last and self._relay.is_so_far(self._sent_bytes):
                    self._end()
                    return
            self._engine.shutdown(socket.SHUT_WR)

    def _look_at(self, piece: bytes) -> None:
        if found := _REQUEST.match(piece):
            method = piece.split(b" ", 1)[0]
            self._is_last = self._relay.is_last(f"{method.decode()} {found[1].decode()}")
            self._sent_bytes = 0
        self._sent_bytes += len(piece)

    def _answer(self) -> None:
        with suppress(OSError):
            while piece := self._engine.recv(_PIECE):
                if self._is_last:
                    self._end()
                    return
                self._client.sendall(piece)
            self._client.shutdown(socket.SHUT_WR)

    def _end(self) -> None:
        self._relay.strike()
        self.cut()

    def cut(self) -> None:
        """End it for both sides."""
        for side in (self._client, self._engine):
            with suppress(OSError):  # the other side may have ended with what was killed
                side.shutdown(socket.SHUT_RDWR)


def _nobody() -> None:
    """Stand for what is to be killed as long as nothing is."""


@contextmanager
def engine_relay(path: Path, engine: str = ENGINE_URL) -> Iterator[EngineRelay]:
    """Relay at a socket as long as the block runs."""
    relay = EngineRelay(path, engine)
    thread = threading.Thread(target=relay.serve)
    thread.start()
    try:
        yield relay
    finally:
        relay.close()
        thread.join()
