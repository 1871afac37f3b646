"""What is written must be on the disk before anybody records that it was done (design: effect made durable)."""

from __future__ import annotations

import ctypes
import os
import uuid
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_LIBC = ctypes.CDLL(None, use_errno=True)
_LIBC.syncfs.argtypes = [ctypes.c_int]
_LIBC.syncfs.restype = ctypes.c_int


def sync_filesystem(path: Path) -> None:
    """Flush the whole file system that holds ``path``: what other programs wrote there survives a power cut.

    Raises:
        OSError: the path cannot be opened, or the kernel reports that something could not be written.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        if _LIBC.syncfs(descriptor) != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number), str(path))
    finally:
        os.close(descriptor)


def sync_engine_data(data_root: Path) -> None:
    """Flush the file system that holds the engine's data; every file system where only root may look at that folder.

    Raises:
        OSError: the kernel reports that something could not be written.
    """
    try:
        sync_filesystem(data_root)
    except (PermissionError, FileNotFoundError):
        os.sync()


def write_durably(path: Path, content: bytes, mode: int = 0o644) -> None:
    """Replace ``path`` by ``content``: after a power cut either the old file is there or the new one, whole.

    Raises:
        OSError: the file could not be written; the old one is untouched.
    """
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}.tmp")
    try:
        _write_new_file(temporary, content, mode)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make names that were created, renamed or removed in ``folder`` durable.

    Raises:
        OSError: the folder cannot be opened or flushed.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write_new_file(path: Path, content: bytes, mode: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, mode)
    with open(descriptor, "wb") as file:  # noqa: PTH123 (the file is open already; this wraps its descriptor)
        os.fchmod(descriptor, mode)  # the umask took bits away at creation
        file.write(content)
        file.flush()
        os.fsync(descriptor)
