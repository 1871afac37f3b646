"""What an archive may hold before it is unpacked: nothing that could be written outside the folder it is meant for."""

from __future__ import annotations

import tarfile
from typing import TYPE_CHECKING

from released.adapters.tars.entries import Entry, entries, parts
from released.domain.errors import Refused, StepFailed
from released.domain.failure import Failure

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_KINDS = frozenset(
    {
        tarfile.REGTYPE,
        tarfile.AREGTYPE,
        tarfile.DIRTYPE,
        tarfile.SYMTYPE,
        tarfile.LNKTYPE,
        tarfile.FIFOTYPE,
        tarfile.CHRTYPE,
        tarfile.BLKTYPE,
    }
)

_Path = tuple[str, ...]


def vetted(chunks: Iterable[bytes], archive: str) -> Iterator[Entry]:
    """Walk a tar stream, and stop before the first entry that could be written outside.

    Symbolic links may lead anywhere, for they are only stored; nothing may lie below one. Whoever walks to the end
    before writing anything has seen the whole archive.

    Args:
        chunks: the stream.
        archive: begins the sentence of an error, for instance ``The archive of volume wiki-data``.

    Raises:
        Refused: ``archive_unsafe``, naming the entry.
        StepFailed: ``backup_unreadable``, the stream is no complete archive.
    """
    links: set[_Path] = set()
    try:
        for entry in entries(chunks):
            if complaint := _complaint(entry, links):
                raise unsafe(archive, entry, complaint)
            if entry.info.issym():
                links.add(entry.path)
            yield entry
    except ValueError as error:
        raise StepFailed(Failure("backup_unreadable", f"{archive} is not whole: {error}.")) from error


def unsafe(archive: str, entry: Entry, complaint: str) -> Refused:
    """Say that an entry of an archive must not be unpacked; ``complaint`` ends the sentence."""
    return Refused(
        "archive_unsafe", f"{archive} is not unpacked: its entry {entry.info.name!r} {complaint}. Nothing was changed."
    )


def _complaint(entry: Entry, links: set[_Path]) -> str | None:
    info = entry.info
    if info.type not in _KINDS or info.issparse():
        return f"is of a kind that is not known here ({info.type!r})"
    if _leads_outside(info.name) or not (entry.path or info.isdir()):
        return "leads outside the folder that is restored"
    if _is_below(entry.path, links):
        return "lies below a symbolic link"
    if info.islnk() and (_leads_outside(info.linkname) or _is_below(parts(info.linkname), links)):
        return f"is a hard link to {info.linkname!r}, outside the folder that is restored"
    return None


def _leads_outside(name: str) -> bool:
    return name.startswith("/") or ".." in name.split("/")


def _is_below(path: _Path, links: set[_Path]) -> bool:
    return any(path[:depth] in links for depth in range(1, len(path)))
