"""Golden logs: what a released version wrote, which every later build must read. Written once per version of an event.

``python -m support.golden`` (in ``tests/``) writes those of the present version anew; only before its release.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from released.domain.events import Event
from released.store import codec
from released.store.event_row import EventRow
from released.store.event_store import EventStore, StreamWrite
from released.store.tables import EVENTS
from support.store import (
    ENVIRONMENT,
    SAMPLES_OF_1,
    SAMPLES_OF_2,
    STREAM,
    new,
    release_that_was_taken_back,
    sqlite_store,
)

FOLDER = Path(__file__).parent.parent / "unit" / "golden"
EVENTS_V1, LOG_V1 = FOLDER / "events-v1.jsonl", FOLDER / "log-v1.jsonl"
"""Written before there was a way back."""
EVENTS_V2, LOG_V2 = FOLDER / "events-v2.jsonl", FOLDER / "log-v2.jsonl"
"""What came since, and a release that was taken back."""

DERIVED = {LOG_V1: FOLDER / "derived-v1.json", LOG_V2: FOLDER / "derived-v2.json"}
"""Log to what is derived from it: the list of releases, and the files that operators read."""


def read_encoded(path: Path) -> list[codec.Encoded]:
    """Read encoded events, one per line."""
    return [codec.Encoded(**json.loads(line)) for line in path.read_text().splitlines()]


def read_log(path: Path) -> list[EventRow]:
    """Read a whole log, one row per line."""
    return [EventRow(**json.loads(line)) for line in path.read_text().splitlines()]


def rows(store: EventStore) -> list[EventRow]:
    """Read a store's log as it stands in its table."""
    query = EVENTS.select().order_by(EVENTS.c.position)
    return store.query(lambda connection: [EventRow._make(row) for row in connection.execute(query)])


def write_golden() -> None:
    """Write the golden logs of the present version."""
    _write(EVENTS_V2, [codec.encode(event)._asdict() for event in SAMPLES_OF_2])
    lease, lock, freed = SAMPLES_OF_1[:3]
    with tempfile.TemporaryDirectory() as folder, sqlite_store(Path(folder) / "golden.db") as store:
        store.append([_numbered(ENVIRONMENT, [lease, lock]), _numbered(STREAM, release_that_was_taken_back())])
        store.append([StreamWrite(ENVIRONMENT, 2, (new(freed, "freed"),))])
        _write(LOG_V2, [row._asdict() for row in rows(store)])


def _numbered(stream: str, events: list[Event]) -> StreamWrite:
    return StreamWrite(stream, 0, tuple(new(event, f"{stream}:{number}") for number, event in enumerate(events)))


def _write(path: Path, lines: list[dict[str, object]]) -> None:
    path.write_text("".join(json.dumps(line, ensure_ascii=True) + "\n" for line in lines))


if __name__ == "__main__":
    write_golden()
