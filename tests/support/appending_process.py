"""A process that appends in a loop and says so only once an event is acknowledged; for tests that kill it.

Usage: ``python appending_process.py STORE_URL``. Writes the id of each acknowledged event.
"""

from __future__ import annotations

import sys

from released.store.event_store import StreamWrite
from released.store.sqlite import open_store
from support.store import REFUSED, STREAM, must_not_fail, new


def main(url: str) -> None:
    """Append until killed."""
    store = open_store(url, must_not_fail)
    version = 0
    while True:
        event = new(REFUSED)
        store.append([StreamWrite(STREAM, version, (event,))])
        version += 1
        sys.stdout.write(f"{event.event_id}\n")
        sys.stdout.flush()


main(sys.argv[1])
