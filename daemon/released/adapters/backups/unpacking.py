"""Unpacks folders, files and links below a root, never through a symbolic link and never half a file.

Every name is resolved part by part from the root's own descriptor, so that a link which somebody puts there meanwhile
leads nowhere. A file is written beside the one that it replaces, and renamed.
"""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from stat import S_IMODE
from typing import TYPE_CHECKING

from released.adapters.tars.entries import parts
from released.adapters.tars.vetting import unsafe

if TYPE_CHECKING:
    import tarfile
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from released.adapters.tars.entries import Entry

_TEMPORARY = ".released-restore.tmp"
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def refuse_unsafe(entries: Iterable[Entry], root: Path, archive: str) -> None:
    """Make sure that entries, vetted already, can be unpacked below ``root`` as it stands.

    Raises:
        Refused: ``archive_unsafe``: one is neither folder, file nor link, or something else is in its place.
    """
    files: set[tuple[str, ...]] = set()
    for entry in entries:
        if complaint := _kind(entry, files) or _in_the_way(entry, root):
            raise unsafe(archive, entry, complaint)
        if entry.info.isreg():
            files.add(entry.path)


def unpack(entries: Iterable[Entry], root: Path) -> None:
    """Put entries below ``root``, with their modes and times, and their owners where we may; what is besides stays.

    Raises:
        OSError: the disk refuses, or something came in the way.
    """
    folders: list[Entry] = []
    with _opened(root) as top:
        for entry in entries:
            if entry.info.isdir():
                folders.append(entry)
                with _folder(top, entry.path):
                    pass
            else:
                with _folder(top, entry.path[:-1]) as folder:
                    _place(entry, top, folder)
        # Last, for what is written into a folder changes its time; the innermost first, while all can be entered.
        for entry in reversed(folders):
            with _folder(top, entry.path) as folder:
                _dress(folder, entry.info)


def _kind(entry: Entry, files: set[tuple[str, ...]]) -> str | None:
    info = entry.info
    if info.islnk():
        return None if parts(info.linkname) in files else f"is a hard link to {info.linkname!r}, which is not restored"
    if info.isreg() or info.isdir() or info.issym():
        return None
    return "is neither a folder nor a file nor a link"


def _in_the_way(entry: Entry, root: Path) -> str | None:
    steps = [root.joinpath(*entry.path[:depth]) for depth in range(1, len(entry.path) + 1)]
    for step in steps if entry.info.isdir() else steps[:-1]:
        if step.is_symlink() or (step.exists() and not step.is_dir()):
            return f"needs a folder where {step} is none"
    if not entry.info.isdir() and steps[-1].is_dir() and not steps[-1].is_symlink():
        return f"needs the place of the folder {steps[-1]}"
    return None


def _place(entry: Entry, top: int, folder: int) -> None:
    """Make the entry under another name, then give it its own, in place of what had it."""
    _remove(folder)
    try:
        _make(entry, top, folder)
        os.rename(_TEMPORARY, entry.path[-1], src_dir_fd=folder, dst_dir_fd=folder)
    finally:
        _remove(folder)


def _make(entry: Entry, top: int, folder: int) -> None:
    if entry.info.islnk():
        *above, name = parts(entry.info.linkname)
        with _folder(top, above) as source:
            os.link(name, _TEMPORARY, src_dir_fd=source, dst_dir_fd=folder, follow_symlinks=False)
    elif entry.info.issym():
        os.symlink(entry.info.linkname, _TEMPORARY, dir_fd=folder)
        _dress_link(folder, entry.info)
    else:
        _write(entry, folder)


def _write(entry: Entry, folder: int) -> None:
    with open(os.open(_TEMPORARY, _NEW_FILE, 0o600, dir_fd=folder), "wb") as file:  # noqa: PTH123 (it is open already)
        file.writelines(entry.content())
        file.flush()
        _dress(file.fileno(), entry.info)
        os.fsync(file.fileno())


def _dress(descriptor: int, info: tarfile.TarInfo) -> None:
    if os.geteuid() == 0:
        os.fchown(descriptor, info.uid, info.gid)
    os.fchmod(descriptor, S_IMODE(info.mode))  # after the owner, because a change of owner takes bits away
    os.utime(descriptor, (info.mtime, info.mtime))


def _dress_link(folder: int, info: tarfile.TarInfo) -> None:
    if os.geteuid() == 0:
        os.chown(_TEMPORARY, info.uid, info.gid, dir_fd=folder, follow_symlinks=False)
    os.utime(_TEMPORARY, (info.mtime, info.mtime), dir_fd=folder, follow_symlinks=False)


def _remove(folder: int) -> None:
    # Left by a crash; or by a rename of a name to another one of the same file, which does nothing.
    with suppress(FileNotFoundError):
        os.unlink(_TEMPORARY, dir_fd=folder)


@contextmanager
def _folder(top: int, path: Sequence[str]) -> Iterator[int]:
    """Open a folder below ``top``, made where it is missing, and no link on the way followed."""
    descriptor = os.dup(top)
    try:
        for part in path:
            with suppress(FileExistsError):
                os.mkdir(part, dir_fd=descriptor)
            descriptor, above = os.open(part, _FOLDER, dir_fd=descriptor), descriptor
            os.close(above)
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def _opened(folder: Path) -> Iterator[int]:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)
