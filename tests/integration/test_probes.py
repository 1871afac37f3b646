"""Probes over HTTP against a real server on loopback."""

from __future__ import annotations

import gzip
import select
import socket
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import islice
from threading import Thread
from typing import TYPE_CHECKING

import pytest

from released.adapters.interruption import Interruption
from released.adapters.probes import delays, http_answer, http_code
from released.domain.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Iterator

TIMEOUT_S = 20.0


class _Answers(BaseHTTPRequestHandler):
    """Answers the code that the path names, with a redirect to 200 for each 3xx."""

    def do_GET(self) -> None:
        self.send_response(int(self.path.removeprefix("/")))
        self.send_header("Location", "/200")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


@contextmanager
def _server() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Answers) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize("code", [200, 302, 404, 503])
def test_the_code_is_the_endpoints_own(code: int) -> None:
    with _server() as base:
        assert http_code(f"{base}/{code}", TIMEOUT_S, Interruption()) == code


def test_a_proxy_of_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    with _server() as base:
        assert http_code(f"{base}/200", TIMEOUT_S, Interruption()) == 200


def test_a_closed_port_is_zero() -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        assert http_code(f"http://127.0.0.1:{reserved.getsockname()[1]}/", TIMEOUT_S, Interruption()) == 0


def test_a_port_that_accepts_and_says_nothing_is_zero() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        assert http_code(f"http://127.0.0.1:{silent.getsockname()[1]}/", 0.2, Interruption()) == 0


def test_an_answer_that_is_no_http_is_zero() -> None:
    with socket.create_server(("127.0.0.1", 0)) as rude:
        thread = Thread(target=_say, args=(rude, b"SSH-2.0-OpenSSH_9.2\r\n"))
        thread.start()
        assert http_code(f"http://127.0.0.1:{rude.getsockname()[1]}/", TIMEOUT_S, Interruption()) == 0
        thread.join()


def test_a_body_is_read_as_it_comes_and_never_unpacked() -> None:
    packed = gzip.compress(b"x" * 1_000_000)
    head = f"HTTP/1.1 503 Busy\r\nContent-Encoding: gzip\r\nContent-Length: {len(packed)}\r\n\r\n".encode()
    with socket.create_server(("127.0.0.1", 0)) as sly:
        thread = Thread(target=_say, args=(sly, head + packed))
        thread.start()
        answer = http_answer(f"http://127.0.0.1:{sly.getsockname()[1]}/", TIMEOUT_S, Interruption(), 64)
        thread.join()
    assert answer == (503, packed[:64].decode(errors="replace"))


@pytest.mark.parametrize(
    "drop",
    [b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 200 OK\r\nX-Drop: 1\r\nX-Rest: "],
    ids=["endless-100-continue", "endless-headers"],
)
def test_an_answer_that_drips_for_longer_than_the_timeout_is_zero(drop: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as slow:
        thread = Thread(target=_drip, args=(slow, drop))
        thread.start()
        assert http_code(f"http://127.0.0.1:{slow.getsockname()[1]}/", 0.5, Interruption()) == 0
        thread.join()


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "ftp://host/", "host:80", "http://", "", "http://\0", "/healthz"]
)
def test_what_is_no_http_address_is_not_probed(url: str) -> None:
    with pytest.raises(InvalidInput) as invalid:
        http_code(url, TIMEOUT_S, Interruption())
    assert invalid.value.code == "url_invalid"


def test_pauses_grow_up_to_the_cap_and_go_on() -> None:
    assert list(islice(delays(first_s=1.0, factor=2.0, cap_s=5.0), 5)) == [1.0, 2.0, 4.0, 5.0, 5.0]


def test_a_first_pause_above_the_cap_is_cut_to_it() -> None:
    assert list(islice(delays(first_s=9.0, factor=2.0, cap_s=5.0), 2)) == [5.0, 5.0]


def _say(server: socket.socket, words: bytes) -> None:
    connection, _ = server.accept()
    with connection:
        connection.recv(65536)  # what is not read when it is closed resets the connection
        connection.sendall(words)


def _drip(server: socket.socket, first: bytes) -> None:
    """Say a little often, until the other side hangs up; give in and answer after ten times its patience."""
    connection, _ = server.accept()
    with connection, suppress(OSError):
        connection.recv(4096)
        connection.sendall(first)
        drop = first if b"100" in first else b"x"
        for _ in range(100):
            if select.select([connection], [], [], 0.05)[0]:
                return
            connection.sendall(drop)
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n" if drop is first else b"\r\n\r\n")
