"""An event as one row of the table ``events``: its columns, in their order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec

from released.domain.events import Recorded
from released.store import codec, instants
from released.store.errors import UnreadableEvent


class EventRow(NamedTuple):
    """The columns of an event."""

    position: int
    stream: str
    version: int
    event_id: str
    type: str
    schema_version: int
    at: str
    actor: str
    payload_digest: str
    payload: str | None
    stream_hash: str
    log_hash: str


def to_recorded(columns: Sequence[Any]) -> Recorded:
    """Read an event from its columns.

    Raises:
        UnreadableEvent: this version of released cannot read it.
    """
    row = EventRow._make(columns)
    try:
        at, actor = instants.from_text(row.at), codec.decode_actor(row.actor)
    except (ValueError, msgspec.MsgspecError) as error:
        raise UnreadableEvent(row.position, row.type, row.schema_version, f"{error}.") from error
    return Recorded(
        position=row.position,
        stream=row.stream,
        version=row.version,
        event_id=row.event_id,
        at=at,
        actor=actor,
        event=codec.decode(row.position, row.type, row.schema_version, row.payload),
    )
