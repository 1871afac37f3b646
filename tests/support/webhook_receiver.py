"""A receiver of webhooks on a loopback port: keeps what it is sent, and answers well, badly, late or never."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
from collections import deque
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KEY = b"a key of some thirty-two bytes !"
SECRET = f"whsec_{base64.b64encode(KEY).decode()}"
HANG, DRIP = "hang", "drip"
PATIENCE_S = 60.0
_DRIP_S = 0.02

Behaviour = int | str | threading.Event
"""A code to answer with, or ``HANG``, or ``DRIP``, or what to wait for before the request is taken."""


class Received(NamedTuple):
    """A request as it came."""

    path: str
    headers: dict[str, str]
    """Names in lower case."""
    body: bytes

    @property
    def id(self) -> str:
        """What names the message."""
        return self.headers["webhook-id"]

    @property
    def told(self) -> Any:  # noqa: ANN401 (a document of any shape)
        """What it says."""
        return json.loads(self.body)


def is_signed(received: Received) -> bool:
    """Tell whether a request carries the signature that the secret makes."""
    headers = received.headers
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + received.body
    expected = base64.b64encode(hmac.new(KEY, signed, hashlib.sha256).digest()).decode()
    return headers["webhook-signature"] == f"v1,{expected}"


class WebhookReceiver:
    """What it got, and what it does with the next requests; where it was told nothing it answers 204."""

    def __init__(self) -> None:
        self.next: deque[Behaviour] = deque()
        self.received: list[Received] = []
        self.closing = threading.Event()
        self._changed = threading.Condition()

    def take(self, received: Received) -> Behaviour:
        """Keep a request; give what to do with it."""
        with self._changed:
            self.received.append(received)
            self._changed.notify_all()
            return self.next.popleft() if self.next else 204

    def await_requests(self, count: int) -> list[Received]:
        """Block until so many requests have come; give them."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.received) >= count, PATIENCE_S), self.received
            return list(self.received)

    def types(self) -> list[str]:
        """Give the types of the messages that came, in order."""
        return [received.told["type"] for received in self.received]


@contextmanager
def listening(receiver: WebhookReceiver, port: int = 0) -> Iterator[str]:
    """Listen as long as the block runs; gives the URL.

    Args:
        receiver: that takes what comes.
        port: to listen on; a free one where it is 0.
    """

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            match receiver.take(Received(self.path, headers, body)):
                case int(code):
                    self._answer(code)
                case threading.Event() as gate:
                    gate.wait(PATIENCE_S)
                    self._answer(204)
                case "drip":
                    self._drip()
                case _:
                    receiver.closing.wait(PATIENCE_S)

        def _answer(self, code: int) -> None:
            self.send_response(code)
            self.send_header("location", "/elsewhere")
            self.send_header("content-length", "0")
            self.end_headers()

        def _drip(self) -> None:
            try:
                while not receiver.closing.wait(_DRIP_S):
                    self.wfile.write(b"x")
            except OSError:
                pass

        def log_message(self, *_: object) -> None:
            """Stay silent."""

    with ThreadingHTTPServer(("127.0.0.1", port), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/hook"
        receiver.closing.set()
        server.shutdown()
        thread.join()


def secret_file(folder: Path, mode: int = 0o600) -> Path:
    """Write the secret as an operator does."""
    file = folder / "webhook-secret"
    file.write_text(f"{SECRET}\n", encoding="utf-8")
    file.chmod(mode)
    return file
