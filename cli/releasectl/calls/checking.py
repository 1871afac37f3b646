"""Finds out whether a command could be done now, before somebody is asked for its reason or for a yes."""

from __future__ import annotations

from releasectl.calls.connection import Connection
from releasepb.v1 import releases_pb2 as pb


def check(connection: Connection, request: pb.CheckRequest) -> None:
    """Refuse as the command itself would be refused.

    Raises:
        ClientError: it could not be done.
    """
    connection.ask(connection.releases.Check, request)
