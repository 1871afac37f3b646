"""Events as JSON text and back: typed, versioned, and old versions brought up to date on the way in.

A change of an event's shape that is more than a new field with a default adds an upcaster from the old version to
``UPCASTERS``; that alone raises the version in which the event is written.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple, get_args

import msgspec

from released.domain.events import Actor, Event
from released.store.errors import UnreadableEvent

Payload = dict[str, Any]

UPCASTERS: dict[tuple[str, int], Callable[[Payload], Payload]] = {}
"""From (type, version) to what turns such a payload into one of the next version."""


class Encoded(NamedTuple):
    """An event as the columns that carry it."""

    type: str
    schema_version: int
    payload: str


def encode(event: Event) -> Encoded:
    """Write an event as canonical JSON: keys sorted, no white space."""
    name = type_name(type(event))
    return Encoded(name, current_version(name), _json(event))


def encode_actor(actor: Actor) -> str:
    """Write an actor as canonical JSON."""
    return _json(actor)


def decode_actor(text: str) -> Actor:
    """Read an actor."""
    return _ACTOR.decode(text)


def decode(position: int, name: str, schema_version: int, payload: str | None) -> Event:
    """Read an event that stands at ``position`` of the log.

    Raises:
        UnreadableEvent: its type or version is unknown here, its payload was shredded or does not fit its type.
    """
    decoder = _decoders().get(name)
    if decoder is None:
        raise UnreadableEvent(position, name, schema_version, "this version of released does not know its type.")
    if payload is None:
        raise UnreadableEvent(position, name, schema_version, "its payload was shredded.")
    try:
        if schema_version == current_version(name):
            return decoder.decode(payload)
        upcast = _upcast(position, name, schema_version, msgspec.json.decode(payload))
        return msgspec.convert(upcast, decoder.type)
    except msgspec.MsgspecError as error:
        raise UnreadableEvent(position, name, schema_version, f"{error}.") from error


def _upcast(position: int, name: str, schema_version: int, payload: Payload) -> Payload:
    current = current_version(name)
    if schema_version > current:
        why = f"a newer released wrote it, this one reads up to version {current}. Install the newer one."
        raise UnreadableEvent(position, name, schema_version, why)
    for version in range(schema_version, current):
        upcaster = UPCASTERS.get((name, version))
        if upcaster is None:
            raise UnreadableEvent(position, name, schema_version, f"nothing turns version {version} into the next.")
        payload = upcaster(payload)
    return payload


def current_version(name: str) -> int:
    """Give the version in which events of a type are written: one above the newest that is upcast, 1 where none is."""
    return 1 + max((version for known, version in UPCASTERS if known == name), default=0)


def is_known(name: str, schema_version: int) -> bool:
    """Tell whether events of a type and version can be read here."""
    current = current_version(name)
    upcast = all((name, version) in UPCASTERS for version in range(schema_version, current))
    return name in _decoders() and schema_version <= current and upcast


_WORD = re.compile(r"(?<!^)(?=[A-Z])")


@cache
def type_name(kind: type) -> str:
    """Name an event's type as it is stored: its class in snake case."""
    return _WORD.sub("_", kind.__name__).lower()


@cache
def _decoders() -> dict[str, msgspec.json.Decoder[Event]]:
    return {type_name(kind): msgspec.json.Decoder(kind) for kind in get_args(Event)}


_ACTOR = msgspec.json.Decoder(Actor)


def _json(value: object) -> str:
    return msgspec.json.encode(value, order="sorted").decode()
