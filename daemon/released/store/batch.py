"""Everything that one commit will write: appends are judged one by one, and a bad one leaves no trace in it.

The two statements of each commit go to the driver directly; through SQLAlchemy they cost half as much as the flush.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from sqlalchemy import Connection, insert
from sqlalchemy.dialects.sqlite import dialect as sqlite_dialect

from released.domain.events import Recorded
from released.domain.releases import lifecycle
from released.store import codec, hash_chain, instants
from released.store.connections import driver
from released.store.errors import Conflict, DuplicateEvent, StaleEpoch
from released.store.event_row import EventRow
from released.store.event_store import Fence, NewEvent, StreamWrite
from released.store.heads import Heads, LogHead, StreamHead
from released.store.tables import EVENTS

_INSERT = str(insert(EVENTS).compile(dialect=sqlite_dialect()))


class Draft(NamedTuple):
    """A new event and its columns as far as they do not depend on its place; made in the caller's thread."""

    new: NewEvent
    at: str
    actor: str
    type: str
    schema_version: int
    payload: str
    payload_digest: str


class DraftWrite(NamedTuple):
    """A stream write whose events are encoded."""

    stream: str
    expected_version: int
    drafts: tuple[Draft, ...]


def drafted(write: StreamWrite) -> DraftWrite:
    """Encode the events of a stream write."""
    return DraftWrite(write.stream, write.expected_version, tuple(draft(new) for new in write.events))


def draft(new: NewEvent) -> Draft:
    """Encode a new event."""
    encoded = codec.encode(new.event)
    digest = hash_chain.payload_digest(encoded.payload)
    return Draft(new, instants.to_text(new.at), codec.encode_actor(new.actor), *encoded, digest)


@dataclass
class _Judged:
    """One append on its way into the batch: dropped as a whole when one of its events is refused."""

    log: LogHead
    streams: dict[str, StreamHead] = field(default_factory=dict)
    rows: list[EventRow] = field(default_factory=list)
    recorded: list[Recorded] = field(default_factory=list)

    def add(self, stream: str, head: StreamHead, draft: Draft) -> None:
        new = draft.new
        status = lifecycle.next_status(stream, head.status, new.event)
        row = _row(self.log.position + 1, stream, head.version + 1, draft)
        row = hash_chain.linked(row, head.stream_hash, self.log.log_hash)
        self.log = LogHead(row.position, row.log_hash)
        self.streams[stream] = StreamHead(row.version, status, row.stream_hash)
        self.rows.append(row)
        self.recorded.append(
            Recorded(row.position, stream, row.version, new.event_id, instants.from_text(row.at), new.actor, new.event)
        )


class Batch:
    """The appends of one transaction."""

    def __init__(self, connection: Connection, heads: Heads, event_ids: Sequence[str]) -> None:
        """Look once which of the events that want to be written are stored already."""
        self.heads = heads
        self._connection = connection
        self._taken = _stored(connection, event_ids)
        self._rows: list[EventRow] = []

    def append(self, writes: Iterable[DraftWrite], fence: Fence | None) -> tuple[Recorded, ...]:
        """Take an append in, or refuse it as a whole.

        Raises:
            Conflict, DuplicateEvent, StaleEpoch, IllegalEvent: see ``EventStore.append``.
        """
        self._check_fence(fence)
        judged = _Judged(self.heads.log())
        fresh: set[str] = set()
        for write in writes:
            self._judge(write, judged, fresh)
        self.heads.advance(judged.streams, judged.log)
        self._taken |= fresh
        self._rows += judged.rows
        return tuple(judged.recorded)

    def flush(self) -> int:
        """Write all rows into the open transaction; returns the position of the last one."""
        if self._rows:
            driver(self._connection).executemany(_INSERT, self._rows)
        return self.heads.log().position

    def _judge(self, write: DraftWrite, judged: _Judged, fresh: set[str]) -> None:
        head = judged.streams.get(write.stream) or self.heads.stream(write.stream)
        if head.version != write.expected_version:
            raise Conflict(write.stream, write.expected_version, head.version)
        for each in write.drafts:
            self._check_new(each.new.event_id, fresh)
            judged.add(write.stream, head, each)
            head = judged.streams[write.stream]

    def _check_new(self, event_id: str, fresh: set[str]) -> None:
        if event_id in self._taken or event_id in fresh:
            raise DuplicateEvent(event_id)
        fresh.add(event_id)

    def _check_fence(self, fence: Fence | None) -> None:
        if fence is None:
            return
        newest = self.heads.epoch(fence.environment)
        if fence.epoch != newest:
            raise StaleEpoch(fence.environment, fence.epoch, newest)


def _row(position: int, stream: str, version: int, draft: Draft) -> EventRow:
    return EventRow(
        position=position,
        stream=stream,
        version=version,
        event_id=draft.new.event_id,
        type=draft.type,
        schema_version=draft.schema_version,
        at=draft.at,
        actor=draft.actor,
        payload_digest=draft.payload_digest,
        payload=draft.payload,
        stream_hash="",
        log_hash="",
    )


def _stored(connection: Connection, event_ids: Sequence[str]) -> set[str]:
    if not event_ids:
        return set()
    marks = ",".join("?" * len(event_ids))
    statement = f"SELECT event_id FROM events WHERE event_id IN ({marks})"  # noqa: S608 (question marks only)
    return {event_id for (event_id,) in driver(connection).execute(statement, event_ids)}
