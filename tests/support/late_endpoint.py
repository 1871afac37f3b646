"""An HTTP endpoint that takes its time to be well: it answers 503 a few times, and 200 from then on."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class LateEndpoint:
    """What it answered, and where it listens."""

    def __init__(self, port: int, refusals: int) -> None:
        self.url = f"http://127.0.0.1:{port}/"
        self.answered: list[int] = []
        self._refusals = refusals

    def answer(self) -> int:
        """Give the next status code."""
        late = len(self.answered) < self._refusals
        self.answered.append(HTTPStatus.SERVICE_UNAVAILABLE if late else HTTPStatus.OK)
        return self.answered[-1]


@contextmanager
def late_endpoint(refusals: int) -> Iterator[LateEndpoint]:
    """Listen on a free loopback port as long as the block runs."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(endpoint.answer())
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Stay silent."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        endpoint = LateEndpoint(server.server_port, refusals)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield endpoint
        server.shutdown()
        thread.join()
