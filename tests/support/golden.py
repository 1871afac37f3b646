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
from support.store import ENVIRONMENT, SAMPLES, STREAM, new, sqlite_store, whole_release

FOLDER = Path(__file__).parent.parent / "unit" / "golden"
SAMPLES_V1 = FOLDER / "events-v1.jsonl"
LOG_V1 = FOLDER / "log-v1.jsonl"


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
    _write(SAMPLES_V1, [codec.encode(event)._asdict() for event in SAMPLES])
    with tempfile.TemporaryDirectory() as folder, sqlite_store(Path(folder) / "golden.db") as store:
        events = [SAMPLES[0], SAMPLES[1], SAMPLES[2]]
        store.append([_numbered(ENVIRONMENT, events[:2]), _numbered(STREAM, whole_release())])
        store.append([StreamWrite(ENVIRONMENT, 2, (new(events[2], "freed"),))])
        _write(LOG_V1, [row._asdict() for row in rows(store)])


def _numbered(stream: str, events: list[Event]) -> StreamWrite:
    return StreamWrite(stream, 0, tuple(new(event, f"{stream}:{number}") for number, event in enumerate(events)))


def _write(path: Path, lines: list[dict[str, object]]) -> None:
    path.write_text("".join(json.dumps(line, ensure_ascii=True) + "\n" for line in lines))


if __name__ == "__main__":
    write_golden()
