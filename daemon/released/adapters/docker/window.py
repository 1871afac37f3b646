"""A window on a Docker engine: a socket through which what is there can be looked at, and nothing be changed.

It passes on GET and HEAD of a few paths that answer and end, and refuses everything else: what changes something, what
takes over the connection (exec, attach), what has no end (events, followed logs), and whole images or file systems.
"""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

_HEAD_BYTES = 16 * 1024
_ANSWER_BYTES = 8 * 2**20
_CHUNK = 65536
_PATIENCE_S = 30.0
_REST_S = 1.0
_CONNECTIONS = 16

_ID = r"[A-Za-z0-9][A-Za-z0-9_.-]*"
_IMAGE = r"[A-Za-z0-9][A-Za-z0-9_.:/@-]*"
_PATH = re.compile(
    r"(/v[0-9.]+)?/("
    r"_ping|version|info|system/df"
    rf"|containers/json|containers/{_ID}/(json|top|changes|logs|stats)"
    rf"|images/json|images/{_IMAGE}/(json|history)"
    rf"|networks|networks/{_ID}|volumes|volumes/{_ID}"
    r")"
)
_REQUEST = re.compile(r"(?P<method>GET|HEAD) (?P<path>/[^? ]*)(\?(?P<query>[^ ]*))? HTTP/1\.[01]")
_ENDLESS = re.compile(r"(^|&)follow=(?!0(&|$)|false(&|$))", re.IGNORECASE)
_ONCE = re.compile(r"(^|&)stream=(0|false)(&|$)", re.IGNORECASE)
_KEPT = ("host", "user-agent", "accept")
_REFUSAL = (
    b"HTTP/1.1 403 Forbidden\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n"
    b'{"message": "only looking is allowed here"}\n'
)


@contextmanager
def window(engine: str) -> Iterator[Path]:
    """Open a window on the engine at a ``unix://`` address, and give its socket; it is closed with the context."""
    with TemporaryDirectory(prefix="released-window-") as folder:
        socket = Path(folder) / "engine.sock"
        loop = asyncio.new_event_loop()
        opened, closed = threading.Event(), asyncio.Event()
        serving = _serve(socket, engine.removeprefix("unix://"), opened, closed)
        thread = threading.Thread(target=lambda: loop.run_until_complete(serving), name="engine-window", daemon=True)
        thread.start()
        opened.wait()
        try:
            yield socket
        finally:
            loop.call_soon_threadsafe(closed.set)
            thread.join()
            loop.close()


def passes(head: bytes) -> bytes | None:
    """Give the request to be made in place of one that only looks; ``None`` for any other."""
    line, *fields = head.decode("latin-1").split("\r\n")
    asked = _REQUEST.fullmatch(line)
    if asked is None or not _PATH.fullmatch(asked["path"]) or ".." in asked["path"].split("/"):
        return None
    query = asked["query"] or ""
    if _ENDLESS.search(query) or (asked["path"].endswith("/stats") and not _ONCE.search(query)):
        return None
    # Rebuilt of what is known: no upgrade, no body, and one request on each connection.
    kept = [field for field in fields if field.partition(":")[0].lower() in _KEPT]
    return "\r\n".join([line, *kept, "Connection: close", "", ""]).encode("latin-1")


async def _serve(socket: Path, engine: str, opened: threading.Event, closed: asyncio.Event) -> None:
    tasks: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None or len(tasks) >= _CONNECTIONS:
            writer.close()
            return
        tasks.add(task)
        task.add_done_callback(tasks.discard)
        try:
            with suppress(TimeoutError, OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
                async with asyncio.timeout(_PATIENCE_S):
                    await _answer(reader, writer, engine)
        finally:
            writer.close()

    try:
        server = await asyncio.start_unix_server(connected, str(socket), limit=_HEAD_BYTES)
    finally:
        opened.set()
    await closed.wait()
    server.close()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, engine: str) -> None:
    request = passes((await reader.readuntil(b"\r\n\r\n")).removesuffix(b"\r\n\r\n"))
    if request is None:
        writer.write(_REFUSAL)
        await writer.drain()
        # Not asyncio.wait_for: before Python 3.12 it loses a cancellation that comes together with the rest.
        with suppress(TimeoutError):  # what comes behind the head: left unread, the caller would miss the answer
            async with asyncio.timeout(_REST_S):
                await reader.read(_HEAD_BYTES)
        return
    from_engine, to_engine = await asyncio.open_unix_connection(engine)
    try:
        to_engine.write(request)
        await _copy(from_engine, writer)
    finally:
        to_engine.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    left = _ANSWER_BYTES
    while left > 0 and (data := await reader.read(min(_CHUNK, left))):
        writer.write(data)
        await writer.drain()
        left -= len(data)
