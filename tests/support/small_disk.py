"""Programs that meet the limits of a disk; they run in processes of their own and write what they saw as JSON.

Usage: ``python small_disk.py io-error|full DATABASE``.
"""

from __future__ import annotations

import json
import os
import resource
import sys
from pathlib import Path

import msgspec

from released.domain.errors import ReleasedError
from released.domain.events import Event
from released.store.event_store import EventStore, StreamWrite
from released.store.sqlite import open_sqlite
from support.store import REFUSED, STREAM, new

_BIG: Event = msgspec.structs.replace(REFUSED, message="x" * 100_000)
_BALLAST = 1_500_000


def io_error(database: Path) -> dict[str, object]:
    """Let the log of SQLite grow beyond what the process may write (EFBIG): a commit fails in the middle."""
    fatal: list[str] = []
    store = open_sqlite(database, lambda error: fatal.append(type(error).__name__))
    codes = [_append(store, 0, REFUSED, "first")]
    size = database.with_name(database.name + "-wal").stat().st_size
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 8192, resource.RLIM_INFINITY))
    codes += [_append(store, 1, _BIG, "second"), _append(store, 1, REFUSED, "third")]
    os._exit(_report({"codes": codes, "fatal": fatal}))  # as a daemon that stops: nothing is closed


def full(database: Path) -> dict[str, object]:
    """Append until the disk is full, free some of it, and append again."""
    ballast = database.with_name("ballast")
    ballast.write_bytes(b"x" * _BALLAST)
    store = open_sqlite(database, lambda error: sys.exit(str(error)))
    codes, version = [""], 0
    while codes == [""]:
        codes = [_append(store, version, _BIG, f"event-{version}")]
        version += not codes[0]
    readable = len(store.read(STREAM)) == version
    ballast.unlink()
    codes.append(_append(store, version, REFUSED, "afterwards"))
    found = len(store.read(STREAM)) - version
    store.close()
    return {"codes": codes, "readable": readable, "found_afterwards": found}


def _append(store: EventStore, version: int, event: Event, event_id: str) -> str:
    """Append; gives the code of the refusal, or nothing."""
    try:
        store.append([StreamWrite(STREAM, version, (new(event, event_id),))])
    except ReleasedError as error:
        return error.code
    return ""


def _report(seen: dict[str, object]) -> int:
    sys.stdout.write(json.dumps(seen))
    sys.stdout.flush()
    return 0


if __name__ == "__main__":
    scenario = {"io-error": io_error, "full": full}[sys.argv[1]]
    _report(scenario(Path(sys.argv[2])))
