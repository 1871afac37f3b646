"""Files of a work tree, opened without following a symbolic link out of it."""

from __future__ import annotations

import os
import pwd
import stat
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_INNER_FOLDER = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def open_below(root: Path, path: str) -> int:
    """Open a regular file for reading and return its descriptor; ``path`` is relative to ``root``.

    Raises:
        FileNotFoundError: there is no such file.
        OSError: it, or a folder above it, is a symbolic link or no regular file.
    """
    *folders, name = path.encode("utf-8", "surrogateescape").split(b"/")
    folder = os.open(root, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for part in folders:
            inner = os.open(part, _INNER_FOLDER, dir_fd=folder)
            os.close(folder)
            folder = inner
        return _regular(os.open(name, _READ, dir_fd=folder))
    finally:
        os.close(folder)


def owner_name(uid: int) -> str:
    """Return the name of a user, or the number where the host knows no such user."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _regular(descriptor: int) -> int:
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return descriptor
    os.close(descriptor)
    raise OSError(0, "not a regular file")
