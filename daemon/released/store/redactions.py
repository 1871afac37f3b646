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
    redactions = Redactions(connection)
    return (to_recorded(redactions.complete(EventRow._make(row))) for row in connection.execute(query))


class Redactions:
    """What is read in the place of payloads that are gone; each stream is looked through once."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._known: dict[str, dict[int, str]] = {}

    def complete(self, row: EventRow) -> EventRow:
        """Give a row whose payload is gone with what is read in its place, where anything is."""
        if row.payload is not None:
            return row
        if row.stream not in self._known:
            self._known[row.stream] = self._replacements(row.stream)
        return row._replace(payload=self._known[row.stream].get(row.version))

    def _replacements(self, stream: str) -> dict[int, str]:
        """Give the newest replacement of each version, from the end on: a replacement may be replaced behind it."""
        found: dict[int, str] = {}
        of_it = (EVENTS.c.stream == stream) & (EVENTS.c.type == _REDACTED)
        for columns in self._connection.execute(select(EVENTS).where(of_it).order_by(EVENTS.c.version.desc())):
            row = EventRow._make(columns)
            payload = row.payload if row.payload is not None else found.get(row.version)
            if payload is not None:
                event = codec.decode(row.position, row.type, row.schema_version, payload)
                if isinstance(event, Redacted) and event.version < row.version:
                    found.setdefault(event.version, msgspec.json.encode(event.payload, order="sorted").decode())
        return found
