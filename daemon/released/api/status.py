"""The one table from errors to gRPC status codes, and the rich status that carries them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from urllib.parse import quote

from google.protobuf import any_pb2
from google.rpc import code_pb2, error_details_pb2, status_pb2

from released.api import convert
from released.domain.errors import InvalidInput, NotFound, Refused, ReleasedError
from released.domain.failure import NextCommand
from released.store.errors import ReadOnly
from releasepb.v1 import releases_pb2 as pb

DOMAIN = "released"

# A status travels in the trailers, its sentence twice, and gRPC drops trailers of more than 8 KiB.
_MESSAGE_BYTES = 2560
_COMMANDS_BYTES = 1024

_TABLE: tuple[tuple[type[ReleasedError], int, str], ...] = (
    (InvalidInput, code_pb2.INVALID_ARGUMENT, "invalid"),
    (NotFound, code_pb2.NOT_FOUND, "not_found"),
    (Refused, code_pb2.FAILED_PRECONDITION, "refused"),
    (ReadOnly, code_pb2.FAILED_PRECONDITION, "refused"),
    (ReleasedError, code_pb2.INTERNAL, "internal"),
)


def rich_status(error: ReleasedError, ticket: str = "") -> status_pb2.Status:
    """Make the status of an error: its sentence, its stable code, and what may be typed next.

    Args:
        error: what happened; a long sentence is cut at a line, and commands that do not fit are left out.
        ticket: whose record holds the whole text.
    """
    code, kind = next((code, kind) for known, code, kind in _TABLE if isinstance(error, known))
    info = error_details_pb2.ErrorInfo(reason=error.code, domain=DOMAIN, metadata={"kind": kind})
    commands = pb.NextCommands(next=_fitting_commands(error.next_commands))
    # Nothing else is on record, and the name of a ticket that was refused as none may itself be too long.
    message = _fitting_message(error.message, ticket if isinstance(error, Refused) else "")
    return status_pb2.Status(code=code, message=message, details=[_any(info), _any(commands)])


def _fitting_message(message: str, ticket: str) -> str:
    if _sent_bytes(message) <= _MESSAGE_BYTES:
        return message
    lines = message.split("\n")
    shown = list(_fitting_lines(lines)) or [lines[0][: _MESSAGE_BYTES // 12]]
    where = f"; the whole text: releasectl events {ticket} --output json" if ticket else ""
    return "\n".join([*shown, f"… and {len(lines) - len(shown)} more lines{where}"])


def _fitting_lines(lines: Sequence[str]) -> Iterator[str]:
    left = _MESSAGE_BYTES
    for line in lines:
        left -= _sent_bytes(f"{line}\n")
        if left < 0:
            return
        yield line


def _fitting_commands(commands: Sequence[NextCommand]) -> Iterator[pb.NextCommand]:
    left = _COMMANDS_BYTES
    for command in map(convert.next_command, commands):
        left -= command.ByteSize()
        if left >= 0:
            yield command


def _sent_bytes(text: str) -> int:
    """Count the bytes that gRPC sends for a sentence: all but printable ASCII is percent-encoded."""
    return len(quote(text, safe=" !\"#$&'()*+,/:;<=>?@[\\]^`{|}", errors="replace"))


def _any(message: error_details_pb2.ErrorInfo | pb.NextCommands) -> any_pb2.Any:
    packed = any_pb2.Any()
    packed.Pack(message)
    return packed
