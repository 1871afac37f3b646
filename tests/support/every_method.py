"""Every method of the API as its description lists them, and a request for each in which one text is replaced."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any

import grpc
from google.protobuf.descriptor import Descriptor, FieldDescriptor, MethodDescriptor
from google.protobuf.message_factory import GetMessageClass

if TYPE_CHECKING:
    from collections.abc import Iterator

    from google.protobuf.message import Message

_SHA = "1" * 40
PLAUSIBLE = {
    "environment": "prod",
    "ticket": "7",
    "request_id": "",
    "reason": "why",
    "text": "a remark",
    "skip": "verify",
    "base": _SHA,
    "merge": _SHA,
    "with_tickets": "8",
    "after": "6",
    "plan_hash": "f" * 64,
    "from_phase": "verify",
    "phase": "ticket",
    "playbook": "verify-race",
    "id": "verify-race",
    "with_data": "web",
    "step": "web.recreate",
    "state": "released",
    "name": "web",
    "hook": "ensure-config",
    "content": "- id: a-b\n",
    "key": "name",
    "value": "value",
    "service": "web",
    "by": "mara",
    "code": "script_failed",
    "subject": "web",
    "left": "7",
    "right": "8",
    "projection": "history",
}
"""Field to a text that could stand there; a field that is not listed here fails the test that fills it."""
_numbers = count()

Place = tuple[str, ...]
"""Names of the fields that lead to a text in a message."""


@dataclass(frozen=True)
class Asked:
    """One request and what became of it."""

    method: str
    place: Place
    code: grpc.StatusCode
    details: str


def texts(message: Descriptor) -> Iterator[Place]:
    """List the places of all texts in a message; of a choice between messages each one."""
    for field in message.fields:
        if field.type == FieldDescriptor.TYPE_STRING:
            yield (field.name,)
        elif field.message_type is not None and field.message_type.file.name == message.file.name:
            yield from ((field.name, *inner) for inner in texts(field.message_type))


def request_with(method: MethodDescriptor, place: Place, text: str) -> Message:
    """Make a request in which one text is replaced and all else is plausible."""
    request = GetMessageClass(method.input_type)()
    _fill(request, place, text)
    return request


def ask(channel: grpc.Channel, method: MethodDescriptor, request: bytes, timeout_s: float) -> tuple[Any, str]:
    """Send a request to a method; give its status and what is told. A stream is read to its end."""
    path = f"/{method.containing_service.full_name}/{method.name}"
    call = channel.unary_stream if method.server_streaming else channel.unary_unary
    try:
        answer = call(path, bytes, bytes)(request, timeout=timeout_s)
        if method.server_streaming:
            list(answer)
    except grpc.RpcError as error:
        return error.code(), str(error.details())
    return grpc.StatusCode.OK, ""


def _fill(message: Any, place: Place, text: str) -> None:  # noqa: ANN401 (any message, its fields by name)
    for field in message.DESCRIPTOR.fields:
        chosen = bool(place) and field.name == place[0]
        if field.containing_oneof is not None and not chosen:
            continue
        if field.type == FieldDescriptor.TYPE_STRING:
            value = text if chosen else PLAUSIBLE[field.name] or f"request-{next(_numbers)}"
            if field.is_repeated:
                getattr(message, field.name).append(value)
            else:
                setattr(message, field.name, value)
        elif field.message_type is not None and field.message_type.file.name == message.DESCRIPTOR.file.name:
            inner = place[1:] if chosen else ()
            if field.message_type.GetOptions().map_entry:
                pair = {"key": PLAUSIBLE["key"], "value": PLAUSIBLE["value"]}
                if inner:
                    pair[inner[0]] = text
                getattr(message, field.name)[pair["key"]] = pair["value"]
            else:
                child = getattr(message, field.name)
                _fill(child.add() if field.is_repeated else child, inner, text)
