"""Reads a past run as it was seen."""

from __future__ import annotations

from collections.abc import Iterator

import grpc

from releasectl.calls.connection import Connection
from releasectl.rpc_errors import from_rpc
from releasepb.v1 import history_pb2 as pb


def replayed(connection: Connection, request: pb.ReplayRequest) -> Iterator[pb.ReplayItem]:
    """Give events and output in the order of time.

    Raises:
        ClientError: the daemon refused, or went away.
    """
    call = connection.history.Replay(request)
    try:
        yield from call
    except grpc.RpcError as error:
        raise from_rpc(error) from None
    finally:
        call.cancel()
