"""Whether there is room for the record."""

from __future__ import annotations

import errno
import os
import tempfile
from contextlib import suppress
from pathlib import Path

NO_ROOM = (errno.ENOSPC, errno.EDQUOT)
"""How the system says that a file cannot grow."""
_ROOM_BYTES = 1024 * 1024
"""A commit takes some KiB, and beside the database SQLite keeps a WAL of up to 4 MiB, which is there already."""


def has_room(database: Path) -> bool:
    """Try whether a file could grow beside the database; unlike a look at free blocks that heeds quotas, too."""
    with suppress(OSError), tempfile.TemporaryFile(dir=database.parent) as file:
        os.posix_fallocate(file.fileno(), 0, _ROOM_BYTES)
        return True
    return False
