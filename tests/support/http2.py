"""HTTP/2 as an attacker speaks it: single frames, sound or not, over a Unix socket."""

from __future__ import annotations

import socket
import struct
from contextlib import suppress

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)
END_STREAM, END_HEADERS = 0x1, 0x4
NO_ERROR, CANCEL = 0, 8


def frame(kind: int, stream: int = 0, payload: bytes = b"", flags: int = 0) -> bytes:
    """Give one frame."""
    return struct.pack("!I", len(payload))[1:] + bytes([kind, flags]) + struct.pack("!I", stream) + payload


def call_headers(method: str) -> bytes:
    """Give the header block of a gRPC call, nothing in it compressed."""
    pairs = {
        ":method": "POST",
        ":scheme": "http",
        ":path": method,
        ":authority": "localhost",
        "te": "trailers",
        "content-type": "application/grpc",
    }
    return b"".join(b"\0" + _text(name) + _text(value) for name, value in pairs.items())


def connect(address: str, timeout_s: float) -> socket.socket:
    """Connect to a ``unix://`` address."""
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(address.removeprefix("unix://"))  # without a timeout, which would not wait for a turn
    connection.settimeout(timeout_s)
    return connection


def send(connection: socket.socket, said: bytes) -> int:
    """Send what is given as far as it is taken; give how many bytes that were."""
    left = memoryview(said)
    with suppress(OSError):
        while left:
            left = left[connection.send(left) :]
    return len(said) - len(left)


def say(address: str, said: bytes, timeout_s: float) -> int:
    """Connect, send, wait until the other side hangs up or is done, and go; give how many bytes were taken."""
    with connect(address, timeout_s) as connection:
        taken = send(connection, said)
        with suppress(OSError):
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(65536):
                pass
    return taken


def _text(text: str) -> bytes:
    raw = text.encode()
    return bytes([len(raw)]) + raw
