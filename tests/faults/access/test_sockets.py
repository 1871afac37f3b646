"""The daemon's public socket when too many connect."""

from __future__ import annotations

import socket
from contextlib import ExitStack
from typing import TYPE_CHECKING

from support.bare_environment import BareEnvironment
from support.daemon_process import PATIENCE_S

if TYPE_CHECKING:
    from pathlib import Path

_CONNECTIONS = 256


def _connect(environment: BareEnvironment, stack: ExitStack) -> bytes:
    """Connect until ``stack`` closes; gives the first byte of gRPC's greeting, nothing where it was closed."""
    connection = stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
    connection.connect(environment.address.removeprefix("unix://"))
    connection.settimeout(PATIENCE_S)
    return connection.recv(1)


def test_256_connections_are_served_and_one_more_is_closed_at_once(tmp_path: Path) -> None:
    with BareEnvironment(tmp_path) as environment, ExitStack() as stack:
        served = [_connect(environment, stack) != b"" for _ in range(_CONNECTIONS)]

        assert (all(served), _connect(environment, stack)) == (True, b"")
