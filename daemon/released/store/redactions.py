"""Events of which a secret was taken out: read with what stands in its place.

The payload's column becomes NULL, the chain of hashes holds on to its digest, and a later ``redacted`` event of the
same stream carries the payload with the secret masked. That event can be redacted in its turn.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
from sqlalchemy import Connection, Select, select

from released.domain.events import Recorded, Redacted
from released.store import codec
from released.store.event_row import EventRow, to_recorded
from released.store.tables import EVENTS

_REDACTED = codec.type_name(Redacted)


def recorded_in(connection: Connection, query: Select[tuple[object, ...]]) -> Iterator[Recorded]:
    """Read the events that a query of whole rows finds.

    Raises:
        UnreadableEvent: one of them cannot be read.
    """
    return (to_recorded(complete(connection, EventRow._make(row))) for row in connection.execute(query))


def complete(connection: Connection, row: EventRow) -> EventRow:
    """Give a row whose payload is gone with what is read in its place, where anything is."""
    if row.payload is not None:
        return row
    wanted = (EVENTS.c.stream == row.stream) & (EVENTS.c.version > row.version) & (EVENTS.c.type == _REDACTED)
    for later in connection.execute(select(EVENTS).where(wanted).order_by(EVENTS.c.version.desc())):
        redaction = complete(connection, EventRow._make(later))
        event = codec.decode(redaction.position, redaction.type, redaction.schema_version, redaction.payload)
        if isinstance(event, Redacted) and event.version == row.version:
            return row._replace(payload=msgspec.json.encode(event.payload, order="sorted").decode())
    return row
