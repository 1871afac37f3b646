"""What the containers of one name print: also that of their successors, when they are restarted or recreated.

Lines are asked for with the engine's time stamps, which tell where to go on after a stream has ended.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Literal

from docker.errors import APIError, NotFound

from released.adapters.docker.events import close_stream, container_events
from released.adapters.interruption import Interruption

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from docker.types.daemon import CancellableStream

    from released.adapters.docker.connection import EngineConnection
    from released.adapters.docker.containers import Running

LONGEST_LINE_BYTES = 128 * 1024
"""The rest of a longer line is dropped: a container that never ends its line must not fill the memory."""

_PRINTING = ("running", "paused")
_LOOK_AGAIN_S = 5.0
_STAMP_SECONDS = 19
"""Characters of ``2026-05-18T15:30:12``."""


class ContainerLog:
    """Read in one thread, and closed from any other.

    Args:
        connection: to the engine.
        look: finds the present container of a name.
        name: of the container.
        tail: how many lines are read of what is there at first.
    """

    def __init__(
        self, connection: EngineConnection, look: Callable[[str], Running | None], name: str, tail: int
    ) -> None:
        self.name = name
        self._connection = connection
        self._look = look
        self._tail: int | Literal["all"] = tail
        self._container_id = ""
        self._seen = b""
        """Stamp of the newest line of this container."""
        self._stream: CancellableStream[bytes] | None = None
        self._closed = False

    def lines(self, *, follow: bool) -> Iterator[bytes]:
        """Give whole lines; where they are followed, until it is closed.

        Raises:
            Refused, StepFailed: see ``DockerEngine``.
        """
        present = self._look(self.name)
        while not self._closed:
            if present is not None:
                yield from self._printed_by(present, follow=follow)
            self._tail = "all"
            if not follow:
                return
            present = self._next_running()

    def close(self) -> None:
        """Give no more lines."""
        self._closed = True
        if self._stream is not None:
            close_stream(self._stream)

    def _printed_by(self, one: Running, *, follow: bool) -> Iterator[bytes]:
        if one.id != self._container_id:
            self._container_id, self._seen = one.id, b""
        with self._connection.answers() as api:
            try:
                stream = api.logs(
                    one.id,
                    stream=True,
                    follow=follow,
                    timestamps=True,
                    tail=self._tail,
                    since=_whole_seconds(self._seen),
                )
            except NotFound:  # it was removed since it was looked at
                return
            except APIError as error:
                self._closed = True
                yield f"[released: the engine keeps no log to read: {error.explanation}]\n".encode()
                return
            self._stream = stream
            if self._closed:
                close_stream(stream)
            yield from self._fresh_lines(_by_line(stream) if one.has_terminal else stream)

    def _fresh_lines(self, entries: Iterable[bytes]) -> Iterator[bytes]:
        """Put entries together to lines: the engine cuts long ones, and stamps each piece."""
        before, line = self._seen, b""
        for entry in entries:
            stamp, _, text = entry.partition(b" ")
            if stamp <= before:
                continue
            self._seen = max(self._seen, stamp)
            line += text[: LONGEST_LINE_BYTES - len(line)]
            if text.endswith(b"\n"):
                yield _ended(line)
                line = b""
        if line:
            yield _ended(line)

    def _next_running(self) -> Running | None:
        """Wait for a container of this name that prints; ``None`` where there is none for a while."""
        with (
            self._connection.answers() as api,
            container_events(api, [self.name], _LOOK_AGAIN_S, Interruption()) as events,
        ):
            while not self._closed:
                one = self._look(self.name)
                if one is not None and one.state in _PRINTING:
                    return one
                if next(events, None) is None:
                    break
        return None


def _by_line(stream: Iterable[bytes]) -> Iterator[bytes]:
    """Cut the raw bytes of a container with a terminal into lines, each with its stamp in front."""
    line = bytearray()
    for data in stream:
        for byte in data.splitlines(keepends=True):
            line += byte[: LONGEST_LINE_BYTES - len(line)]
            if byte.endswith(b"\n"):
                yield bytes(line)
                line.clear()
    if line:
        yield bytes(line)


def _ended(line: bytes) -> bytes:
    return line if line.endswith(b"\n") else line + b"\n"


def _whole_seconds(stamp: bytes) -> int | None:
    """Turn a stamp into the second that it lies in; nothing stays nothing."""
    if not stamp:
        return None
    return int(dt.datetime.fromisoformat(f"{stamp[:_STAMP_SECONDS].decode()}+00:00").timestamp())
