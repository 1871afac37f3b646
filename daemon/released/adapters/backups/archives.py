"""Tar archives compressed with zstd: written with a checksum while they pass, read back to their last byte."""

from __future__ import annotations

import hashlib
import os
import tarfile
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Self, cast

import zstandard

from released.adapters.tars.entries import CHUNK, entries

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path
    from types import TracebackType

    from released.adapters.interruption import Interruption

_LEVEL = 3
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC


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
        members = _count(sink.taking(chunks))
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
        tarfile.open(mode="w|", fileobj=cast("IO[bytes]", sink), format=tarfile.PAX_FORMAT, bufsize=CHUNK) as tar,
    ):
        for one in paths:
            tar.add(root / one, arcname=str(one), filter=count)
    return sink.written(members)


def read_archive(path: Path, interruption: Interruption) -> Written:
    """Read a compressed archive to its end.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is no complete archive.
        StepFailed: ``killed``, when it is interrupted.
    """
    with path.open("rb") as file:
        source = _HashedFile(file)
        members = _count(interruption.heeded(_decompressed(source)))
    return Written(source.size, source.digest.hexdigest(), members)


def open_archive(path: Path, size: int, sha256: str) -> Iterator[bytes]:
    """Yield the tar stream that a compressed archive holds; only its end says that it is the one that was recorded.

    Args:
        path: the archive.
        size: of the compressed file, in bytes.
        sha256: of the compressed file, hex.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is damaged, or another one.
    """
    with path.open("rb") as file:
        source = _HashedFile(file)
        yield from _decompressed(source)
    if (source.size, source.digest.hexdigest()) != (size, sha256):
        raise ValueError(f"expected {size} bytes with sha256 {sha256}, got another file")


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

    def taking(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """Let a stream pass, and write it."""
        for chunk in chunks:
            self.write(chunk)
            yield chunk

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

    def read(self, size: int = CHUNK) -> bytes:
        data = self._file.read(size)
        self.digest.update(data)
        self.size += len(data)
        return data

    def drain(self) -> None:
        while self.read():
            pass


def _count(chunks: Iterable[bytes]) -> int:
    return sum(1 for _ in entries(chunks))


def _decompressed(source: _HashedFile) -> Iterator[bytes]:
    """Decompress a file, and read it to its end also where more lies behind what was compressed."""
    # In pieces of a fixed size: a mebibyte of compressed zeros is gigabytes of plain ones.
    reader = zstandard.ZstdDecompressor().stream_reader(cast("IO[bytes]", source))
    try:
        while chunk := reader.read(CHUNK):
            yield chunk
    except zstandard.ZstdError as error:
        raise ValueError(f"zstd says: {error}") from error
    source.drain()
