"""Tar archives compressed with zstd: written with a checksum while they pass, read back to their last byte."""

from __future__ import annotations

import hashlib
import os
import tarfile
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Self, cast

import zstandard

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path
    from types import TracebackType

_CHUNK = 1 << 20
_LEVEL = 3
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
_END_OF_TAR = 1024
"""Two blocks of zeros end every complete archive."""


@dataclass(frozen=True)
class Written:
    """What identifies an archive: size and SHA-256 of the compressed file, and the number of its entries."""

    bytes: int
    sha256: str
    members: int


def store_stream(path: Path, chunks: Iterable[bytes]) -> Written:
    """Compress a tar stream into a file (mode 0600, synced), checking on the way that it is whole.

    Raises:
        OSError: the disk refuses.
        ValueError: the stream is not a complete tar archive.
    """
    with _CompressedFile(path) as sink:
        members = _count_members(_Tar(chunks, sink.write))
    return sink.written(members)


def pack_paths(path: Path, root: Path, paths: Sequence[Path]) -> Written:
    """Pack what is at ``paths`` below ``root`` into a compressed file (mode 0600, synced).

    Raises:
        OSError: a path cannot be read, or the disk refuses.
    """
    members = 0

    def count(member: tarfile.TarInfo) -> tarfile.TarInfo:
        nonlocal members
        members += 1
        return member

    with (
        _CompressedFile(path) as sink,
        tarfile.open(mode="w|", fileobj=cast("IO[bytes]", sink), format=tarfile.PAX_FORMAT, bufsize=_CHUNK) as tar,
    ):
        for one in paths:
            tar.add(root / one, arcname=str(one), filter=count)
    return sink.written(members)


def read_archive(path: Path) -> Written:
    """Read a compressed archive to its end.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is no complete archive.
    """
    with path.open("rb") as file:
        source = _HashedFile(file)
        try:
            members = _count_members(_Tar(_decompressed(source), _ignore))
        except zstandard.ZstdError as error:
            raise ValueError(f"zstd says: {error}") from error
        source.drain()
    return Written(source.size, source.digest.hexdigest(), members)


class _CompressedFile:
    """A file that compresses what is written to it, and counts and hashes what reaches the disk."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._digest = hashlib.sha256()
        self._bytes = 0

    def __enter__(self) -> Self:
        self._file = os.fdopen(os.open(self._path, _CREATE, 0o600), "wb")
        # The content checksum lets any zstd find damage, also without our manifest.
        self._compressor = zstandard.ZstdCompressor(level=_LEVEL, write_checksum=True).compressobj()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is None:
                self._put(self._compressor.flush())
                self._file.flush()
                os.fsync(self._file.fileno())
        finally:
            self._file.close()

    def write(self, data: bytes) -> int:
        self._put(self._compressor.compress(data))
        return len(data)

    def written(self, members: int) -> Written:
        return Written(self._bytes, self._digest.hexdigest(), members)

    def _put(self, compressed: bytes) -> None:
        self._file.write(compressed)
        self._digest.update(compressed)
        self._bytes += len(compressed)


class _HashedFile:
    """A file that counts and hashes what is read from it."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.digest = hashlib.sha256()
        self.size = 0

    def read(self, size: int = _CHUNK) -> bytes:
        data = self._file.read(size)
        self.digest.update(data)
        self.size += len(data)
        return data

    def drain(self) -> None:
        while self.read():
            pass


class _Tar:
    """A stream of chunks, readable as a file, that shows each chunk to ``seen`` and watches how it ends."""

    def __init__(self, chunks: Iterable[bytes], seen: Callable[[bytes], object]) -> None:
        self._chunks = iter(chunks)
        self._seen = seen
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
        if chunk:
            self._seen(chunk)
            self._watch(chunk)
        return chunk

    def _watch(self, chunk: bytes) -> None:
        zeros = len(chunk) - len(chunk.rstrip(b"\0"))
        self.zeros_at_end = self.zeros_at_end + zeros if zeros == len(chunk) else zeros
        self.size += len(chunk)


def _count_members(stream: _Tar) -> int:
    """Walk a tar stream to its end.

    Raises:
        ValueError: it breaks off, or holds anything after its last entry.
    """
    members = 0
    try:
        with tarfile.open(mode="r|", fileobj=cast("IO[bytes]", stream), bufsize=_CHUNK) as tar:
            while tar.next() is not None:
                members += 1
                # Else it remembers every entry, which is much for a large volume.
                tar.members = []  # type: ignore[attr-defined]  # typeshed does not know it
            end = tar.offset
    except tarfile.TarError as error:
        raise ValueError(f"tar says: {error}") from error
    stream.drain()
    # tarfile takes a broken header for the end, so look whether the archive really ends there.
    if stream.zeros_at_end < max(_END_OF_TAR, stream.size - end):
        raise ValueError(f"the archive breaks off after {members} entries")
    return members


def _decompressed(source: _HashedFile) -> Iterator[bytes]:
    # In pieces of a fixed size: a mebibyte of compressed zeros is gigabytes of plain ones.
    reader = zstandard.ZstdDecompressor().stream_reader(cast("IO[bytes]", source))
    while chunk := reader.read(_CHUNK):
        yield chunk


def _ignore(_: bytes) -> None:
    """Let a chunk pass."""
