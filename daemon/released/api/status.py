"""The one table from errors to gRPC status codes, and the rich status that carries them."""

from __future__ import annotations

from google.protobuf import any_pb2
from google.rpc import code_pb2, error_details_pb2, status_pb2

from released.api import convert
from released.domain.errors import InvalidInput, NotFound, Refused, ReleasedError
from releasepb.v1 import releases_pb2 as pb

DOMAIN = "released"

_TABLE: tuple[tuple[type[ReleasedError], int, str], ...] = (
    (InvalidInput, code_pb2.INVALID_ARGUMENT, "invalid"),
    (NotFound, code_pb2.NOT_FOUND, "not_found"),
    (Refused, code_pb2.FAILED_PRECONDITION, "refused"),
    (ReleasedError, code_pb2.INTERNAL, "internal"),
)


def rich_status(error: ReleasedError) -> status_pb2.Status:
    """Make the status of an error: its sentence, its stable code, and what may be typed next."""
    code, kind = next((code, kind) for known, code, kind in _TABLE if isinstance(error, known))
    info = error_details_pb2.ErrorInfo(reason=error.code, domain=DOMAIN, metadata={"kind": kind})
    commands = pb.NextCommands(next=[convert.next_command(one) for one in error.next_commands])
    return status_pb2.Status(code=code, message=error.message, details=[_any(info), _any(commands)])


def _any(message: error_details_pb2.ErrorInfo | pb.NextCommands) -> any_pb2.Any:
    packed = any_pb2.Any()
    packed.Pack(message)
    return packed
