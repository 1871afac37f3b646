"""Whether there is room for the record."""

from __future__ import annotations

import errno
import os
import tempfile
from pathlib import Path

NO_ROOM = (errno.ENOSPC, errno.EDQUOT)
"""How the system says that a file cannot grow."""
_ROOM_BYTES = 1024 * 1024
"""A commit takes some KiB, and beside the database SQLite keeps a WAL of up to 4 MiB, which is there already."""


def has_room(database: Path) -> bool:
    """Tell whether a file could grow beside the database."""
    return obstacle(database) is None


def obstacle(database: Path) -> OSError | None:
    """Try to have a file grow beside the database, and give what stands in the way.

    Unlike what the file system says of itself that heeds quotas, and an error after which the kernel lets nobody write.
    """
    try:
        with tempfile.TemporaryFile(dir=database.parent) as file:
            os.posix_fallocate(file.fileno(), 0, _ROOM_BYTES)
    except OSError as error:
        return error
    return None
