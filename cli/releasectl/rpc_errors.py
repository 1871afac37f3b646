"""Turns what gRPC reports into a failure with exit code, reason, sentence and next commands."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import grpc
from google.protobuf.message import DecodeError
from google.rpc import error_details_pb2, status_pb2
from grpc_status import rpc_status

from releasectl.errors import ClientError, Next
from releasectl.exit_codes import OF_KIND, ExitCode
from releasepb.v1 import releases_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import Iterable

_KIND_OF_STATUS = {
    grpc.StatusCode.INVALID_ARGUMENT: "invalid",
    grpc.StatusCode.FAILED_PRECONDITION: "refused",
    grpc.StatusCode.NOT_FOUND: "not_found",
    grpc.StatusCode.PERMISSION_DENIED: "not_allowed",
    grpc.StatusCode.UNAUTHENTICATED: "not_allowed",
    grpc.StatusCode.UNAVAILABLE: "unreachable",
    grpc.StatusCode.DEADLINE_EXCEEDED: "unreachable",
}
"""For an error without details, as the transport itself makes them."""


def daemon_went_away(error: grpc.RpcError) -> bool:
    """Tell whether the connection broke or the daemon stops, so that the same call may succeed later."""
    gone = error.code() in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED)
    return gone and _rich(error) is None


def deadline_passed(error: grpc.RpcError) -> bool:
    """Tell whether the time ran out that we ourselves had set."""
    return error.code() is grpc.StatusCode.DEADLINE_EXCEEDED


def from_rpc(error: grpc.RpcError) -> ClientError:
    """Read the rich status of an error, or make the best of a bare one."""
    if error.code() is grpc.StatusCode.UNIMPLEMENTED:
        return _daemon_older()
    status = _rich(error)
    info = error_details_pb2.ErrorInfo()
    commands = pb.NextCommands()
    for detail in status.details if status else ():
        for known in (info, commands):
            detail.Unpack(known)
    kind = info.metadata.get("kind") or _KIND_OF_STATUS.get(error.code(), "internal")
    reason = info.reason or error.code().name.lower()
    message = error.details() or f"The daemon answered {error.code().name} without a reason."
    return ClientError(OF_KIND.get(kind, ExitCode.FAILED), reason, message, from_messages(commands.next))


def _daemon_older() -> ClientError:
    return ClientError(
        ExitCode.REFUSED,
        "daemon_older",
        "This daemon is older than releasectl and does not know the command, so nothing was done. Upgrade released.",
        (Next(("releasectl", "version"), "shows both versions"),),
    )


def _rich(error: grpc.RpcError) -> status_pb2.Status | None:
    """Give the rich status, unless a transport cut or replaced it; an error of a call is the call itself."""
    try:
        return cast("status_pb2.Status | None", rpc_status.from_call(cast("grpc.Call", error)))
    except (ValueError, DecodeError):
        return None


def from_messages(commands: Iterable[pb.NextCommand]) -> tuple[Next, ...]:
    """Read next commands from the wire."""
    return tuple(
        Next(tuple(each.argv), each.effect, each.danger or "none", each.condition, each.human) for each in commands
    )
