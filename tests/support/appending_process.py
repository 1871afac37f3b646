"""A process that appends in a loop and says so only once an event is acknowledged; for tests that kill it.

Usage: ``python appending_process.py [STORE_URL]``. Writes the id of each acknowledged event. Without a store it reads
lines of ``STORE_URL STREAM [SYNCHRONOUS]``, and has a process of its own, which starts at once, append for each of
them until it is killed; then it writes ``OVER``. ``SYNCHRONOUS`` is SQLite's number of another setting than ours.
"""

from __future__ import annotations

import os
import sys

from released.store import connections
from released.store.event_store import StreamWrite
from released.store.sqlite import open_store
from support.store import REFUSED, STREAM, must_not_fail, new

OVER = "over"


def append_until_killed(url: str, stream: str) -> None:
    """Append to a stream that is empty."""
    store = open_store(url, must_not_fail)
    version = 0
    while True:
        event = new(REFUSED)
        store.append([StreamWrite(stream, version, (event,))])
        version += 1
        _say(event.event_id)


def serve() -> None:
    """Begin one process after the other as they are asked for; each has been imported by then."""
    for line in sys.stdin:
        child = os.fork()
        if not child:
            url, stream, *setting = line.split()
            if setting:
                _write_less_safely(int(setting[0]))
            append_until_killed(url, stream)
        os.waitpid(child, 0)
        _say(OVER)


def _write_less_safely(synchronous: int) -> None:
    """Have the store open with a setting that it would refuse."""
    connections.WRITER_PRAGMAS = {**connections.WRITER_PRAGMAS, "synchronous": synchronous}


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    append_until_killed(sys.argv[1], STREAM) if sys.argv[1:] else serve()
