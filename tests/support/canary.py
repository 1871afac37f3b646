"""Looks for a secret where none may be: in files as they are, and in what they hold when decompressed."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import zstandard

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"


def files_with(secret: str, folders: Iterable[Path]) -> list[str]:
    """List the files below the folders that hold the secret."""
    needle = secret.encode()
    return [str(path) for folder in folders for path in _files(folder) if needle in _content(path)]


def _files(folder: Path) -> Iterator[Path]:
    for parent, _, names in os.walk(folder):
        yield from (path for name in names if (path := folder.joinpath(parent, name)).is_file())


def _content(path: Path) -> bytes:
    raw = path.read_bytes()
    if not raw.startswith(_ZSTD_MAGIC):
        return raw
    return raw + zstandard.ZstdDecompressor().stream_reader(raw, read_across_frames=True).read()
