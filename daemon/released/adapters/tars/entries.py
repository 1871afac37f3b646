"""The entries of a tar stream, one after the other, with no more than a piece of it in memory."""

from __future__ import annotations

import tarfile
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

CHUNK = 1 << 20
END_OF_TAR = bytes(1024)
"""Two blocks of zeros end every complete archive."""


@dataclass(frozen=True)
class Entry:
    """One entry; its content can be read once, before the next entry is asked for."""

    info: tarfile.TarInfo
    _tar: tarfile.TarFile

    @property
    def path(self) -> tuple[str, ...]:
        """The parts of its name; none for the folder that holds all others."""
        return parts(self.info.name)

    def content(self) -> Iterator[bytes]:
        """What a regular file holds, in pieces; nothing for any other entry.

        Raises:
            ValueError: the stream breaks off.
        """
        if self.info.isreg():
            with _sentences():
                file = cast("IO[bytes]", self._tar.extractfile(self.info))
                while chunk := file.read(CHUNK):
                    yield chunk


def entries(chunks: Iterable[bytes]) -> Iterator[Entry]:
    """Walk a tar stream to its end.

    Raises:
        ValueError: it breaks off, or holds anything after its last entry.
    """
    stream = _Stream(chunks)
    count = 0
    with _sentences(), tarfile.open(mode="r|", fileobj=cast("IO[bytes]", stream), bufsize=CHUNK) as tar:
        while (info := tar.next()) is not None:
            count += 1
            # Else it remembers every entry, which is much for a large volume.
            tar.members = []  # type: ignore[attr-defined]  # typeshed does not know it
            yield Entry(info, tar)
        end = tar.offset
    stream.drain()
    # tarfile takes a broken header for the end, so look whether the archive really ends there.
    if stream.zeros_at_end < max(len(END_OF_TAR), stream.size - end):
        raise ValueError(f"the archive breaks off after {count} entries")


def parts(name: str) -> tuple[str, ...]:
    """The parts of a name that say something: ``./a//b/`` is ``a``, ``b``."""
    return tuple(part for part in name.split("/") if part not in ("", "."))


@contextmanager
def _sentences() -> Iterator[None]:
    try:
        yield
    except tarfile.TarError as error:
        raise ValueError(f"tar says: {error}") from error


class _Stream:
    """A stream of chunks, readable as a file, that watches how it ends."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._rest = memoryview(b"")
        self.size = 0
        self.zeros_at_end = 0

    def read(self, size: int) -> bytes:
        if not self._rest:
            self._rest = memoryview(self._next())
        piece, self._rest = self._rest[:size], self._rest[size:]
        return bytes(piece)

    def drain(self) -> None:
        while self._next():
            pass

    def _next(self) -> bytes:
        chunk = next((chunk for chunk in self._chunks if chunk), b"")
        zeros = len(chunk) - len(chunk.rstrip(b"\0"))
        self.zeros_at_end = self.zeros_at_end + zeros if zeros == len(chunk) else zeros
        self.size += len(chunk)
        return chunk
