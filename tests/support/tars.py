"""Tar archives made by hand, sound ones and such as nobody should unpack."""

from __future__ import annotations

import io
import tarfile
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator


class Member(NamedTuple):
    """One entry; its content only counts for a file, and its target only for a link."""

    name: str
    kind: bytes = tarfile.REGTYPE
    target: str = ""
    content: bytes = b"content"
    mode: int = 0o644
    mtime: float = 981173106.0
    uid: int = 0


def folder(name: str, mode: int = 0o755) -> Member:
    """Describe a folder."""
    return Member(name, tarfile.DIRTYPE, mode=mode)


def symlink(name: str, target: str) -> Member:
    """Describe a symbolic link."""
    return Member(name, tarfile.SYMTYPE, target)


def hard_link(name: str, target: str) -> Member:
    """Describe a hard link."""
    return Member(name, tarfile.LNKTYPE, target)


def pack(*members: Member) -> bytes:
    """Make an archive of these entries, in this order."""
    buffer = io.BytesIO()
    with tarfile.open(mode="w", fileobj=buffer, format=tarfile.PAX_FORMAT) as tar:
        for member in members:
            info = tarfile.TarInfo(member.name)
            info.type, info.linkname, info.mode = member.kind, member.target, member.mode
            info.mtime, info.uid = member.mtime, member.uid
            content = member.content if member.kind == tarfile.REGTYPE else b""
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def pieces(data: bytes, size: int = 700) -> Iterator[bytes]:
    """Cut an archive where no entry ends."""
    return (data[at : at + size] for at in range(0, len(data), size))
