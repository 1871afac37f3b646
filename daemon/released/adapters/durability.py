"""What is written must be on the disk before anybody records that it was done (design: effect made durable)."""

from __future__ import annotations

import ctypes
import os
import re
import stat
import uuid
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_LIBC = ctypes.CDLL(None, use_errno=True)
_LIBC.syncfs.argtypes = [ctypes.c_int]
_LIBC.syncfs.restype = ctypes.c_int
_TEMPORARY = re.compile(r"\..+\.[0-9a-f]{32}\.tmp")


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
    _replace(path, path.with_name(f".{path.name}.{uuid.uuid4().hex}.tmp"), content, mode)


def remove_leftovers(folder: Path) -> None:
    """Remove what killed calls of ``write_durably`` left in ``folder``; none may be under way.

    Raises:
        OSError: the folder cannot be read, or a file not be removed.
    """
    for entry in folder.iterdir():
        if _TEMPORARY.fullmatch(entry.name):
            entry.unlink()


def rewrite_durably(path: Path, content: bytes, scratch: Path) -> None:
    """Replace what a file holds, as ``write_durably`` does, and keep a link to it, its owner, group and mode.

    Args:
        path: the file, or a link to it; one that is missing is made for its owner alone.
        content: what it shall hold.
        scratch: a folder where the new file lies until it is whole; beside the old one where ``scratch`` is on another
            file system. What a crash left there the next call takes away, so no two calls may share it at one time.

    Raises:
        OSError: the file could not be written, or not be given to its owner; the old one is untouched.
    """
    target = path.resolve()
    place = scratch if scratch.stat().st_dev == target.parent.stat().st_dev else target.parent
    temporary = place / f"{target.name}.released-tmp"
    temporary.unlink(missing_ok=True)
    if target.exists():
        facts = target.stat()
        _replace(target, temporary, content, stat.S_IMODE(facts.st_mode), (facts.st_uid, facts.st_gid))
    else:
        _replace(target, temporary, content, 0o600)


def make_folder(folder: Path) -> None:
    """Make a folder, and those above it that are missing, for our own user alone (0700); their names are durable.

    Raises:
        OSError: one cannot be made or flushed.
    """
    missing = [one for one in (folder, *folder.parents) if not one.exists()]
    for one in reversed(missing):
        one.mkdir(mode=0o700, exist_ok=True)
        sync_folder(one.parent)


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


def _replace(path: Path, temporary: Path, content: bytes, mode: int, owner: tuple[int, int] | None = None) -> None:
    try:
        _write_new_file(temporary, content, mode, owner)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def _write_new_file(path: Path, content: bytes, mode: int, owner: tuple[int, int] | None) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with open(descriptor, "wb") as file:  # noqa: PTH123 (the file is open already; this wraps its descriptor)
        if owner:
            os.fchown(descriptor, *owner)
        os.fchmod(descriptor, mode)  # last, because a change of owner takes bits away
        file.write(content)
        file.flush()
        os.fsync(descriptor)
