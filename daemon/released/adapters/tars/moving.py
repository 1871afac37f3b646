"""A tar stream with its content moved into a folder."""

from __future__ import annotations

import tarfile
from typing import TYPE_CHECKING

from released.adapters.tars.entries import END_OF_TAR, Entry

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


def moved(entries: Iterable[Entry], folder: str) -> Iterator[bytes]:
    """Write entries as a tar stream in which all of them lie below ``folder``, and are otherwise what they were."""
    for entry in entries:
        yield _header(entry.info, folder)
        yield from entry.content()
        yield bytes(-entry.info.size % tarfile.BLOCKSIZE)
    yield END_OF_TAR


def _header(info: tarfile.TarInfo, folder: str) -> bytes:
    there = info.replace(
        name=f"{folder}/{info.name}", linkname=f"{folder}/{info.linkname}" if info.islnk() else info.linkname
    )
    # A long or odd name stands in these headers too, and they would win.
    there.pax_headers = {key: value for key, value in info.pax_headers.items() if key not in ("path", "linkpath")}
    # Names that are no UTF-8 come as surrogates, and go as the bytes that they were.
    return there.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")
