"""The chain of hashes that shows an edited, dropped or moved event.

Each event carries two links: ``stream_hash`` binds its header to its predecessor in the stream, ``log_hash`` binds it
to its predecessor in the whole log. Payloads enter by their digest only: one can be shredded, and the chain holds. What
a chain cannot show is a cut at its end; that takes a head that was noted elsewhere.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import msgspec

from released.store.event_row import EventRow

GENESIS = "0" * 64
"""What stands for the predecessor of a first event."""


def payload_digest(payload: str) -> str:
    """Hash a payload's text."""
    return hashlib.sha256(payload.encode()).hexdigest()


def stream_hash(row: EventRow, previous: str) -> str:
    """Hash an event's header and the hash of its predecessor in the stream."""
    header = (row.stream, row.version, row.event_id, row.type, row.schema_version, row.at, row.actor)
    return _link(*header, row.payload_digest, previous)


def log_hash(position: int, stream_link: str, previous: str) -> str:
    """Hash an event's place and its stream hash, and the hash of its predecessor in the log."""
    return _link(position, stream_link, previous)


def linked(row: EventRow, previous_in_stream: str, previous_in_log: str) -> EventRow:
    """Give the row with both of its links."""
    stream_link = stream_hash(row, previous_in_stream)
    return row._replace(stream_hash=stream_link, log_hash=log_hash(row.position, stream_link, previous_in_log))


def verify(rows: Iterable[EventRow]) -> int | None:
    """Check a whole log in order and name the first position that does not hold; ``None`` where all do."""
    streams: dict[str, tuple[int, str]] = {}
    log = GENESIS
    for position, row in enumerate(rows, start=1):
        version, stream_link = streams.get(row.stream, (0, GENESIS))
        in_place = (row.position, row.version) == (position, version + 1)
        if not in_place or not _payload_holds(row) or row != linked(row, stream_link, log):
            return position
        streams[row.stream] = (row.version, row.stream_hash)
        log = row.log_hash
    return None


def first_broken(stream: Iterable[EventRow]) -> int | None:
    """Check one stream from its beginning and give the first version that does not hold; ``None`` where all do."""
    link = GENESIS
    for version, row in enumerate(stream, start=1):
        if row.version != version or not _payload_holds(row) or row.stream_hash != stream_hash(row, link):
            return version
        link = row.stream_hash
    return None


def _payload_holds(row: EventRow) -> bool:
    return row.payload is None or payload_digest(row.payload) == row.payload_digest


def _link(*parts: str | int) -> str:
    """Hash a JSON array without white space, which keeps the parts apart."""
    return hashlib.sha256(msgspec.json.encode(parts)).hexdigest()
