"""What programs read: JSON objects with the field names of the wire format, stable and only ever added to."""

from __future__ import annotations

import json
from collections.abc import Callable, MutableMapping, MutableSequence
from typing import Any, cast

import click
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from releasectl.text.sanitize import clean
from releasectl.text.times import rfc3339
from releasepb.v1 import releases_pb2 as pb

Document = dict[str, Any]
Show = Callable[[Document], None]
"""Takes the document of one ticket: prints it, or keeps it for a greater one."""


def emit(document: Document) -> None:
    """Print one object on one line of stdout, at once."""
    click.echo(json.dumps(document, ensure_ascii=False))


def document(message: Message) -> Document:
    """Turn a message into an object: every field is there, times are RFC 3339, an absent message is null."""
    fields = message.DESCRIPTOR.fields
    absent = {field.name for field in fields if field.has_presence and not message.HasField(field.name)}
    return {field.name: None if field.name in absent else _plain(getattr(message, field.name)) for field in fields}


def _plain(value: object) -> object:
    match value:
        case MutableSequence():
            return [_plain(each) for each in value]
        case MutableMapping():
            return {clean(key): _plain(each) for key, each in value.items()}
        case Timestamp():
            return rfc3339(value)
        case Message():
            return document(value)
        case str():
            return clean(value)
        case bytes():
            return clean(value.decode("utf-8", "backslashreplace"))
        case _:
            return value


def event_document(event: pb.Event) -> Document:
    """Give the documented object of an event."""
    return {
        "version": event.version,
        "position": event.position,
        "at": rfc3339(event.at),
        "type": event.type,
        "actor": clean(event.actor),
        "uid": event.uid,
        "login_uid": event.login_uid if event.login_uid >= 0 else None,
        "event_id": event.event_id,
        "data": payload(event),
    }


def payload(event: pb.Event) -> Document:
    """Give what an event carries; text that came from outside is marked ``untrusted_``."""
    return cast("Document", _marked(json.loads(event.payload_json or b"{}")))


_FROM_OUTSIDE = ("evidence", "log", "health_log", "said", "output")
"""Fields of events with text from tools, scripts or containers; what is no text under such a name is of ours."""


def _marked(value: object) -> object:
    match value:
        case dict():
            return {_name(key, each): _marked(each) for key, each in value.items()}
        case list():
            return [_marked(each) for each in value]
        case str():
            return clean(value)
        case _:
            return value


def _name(key: str, value: object) -> str:
    return f"untrusted_{key}" if key in _FROM_OUTSIDE and isinstance(value, str) else key
