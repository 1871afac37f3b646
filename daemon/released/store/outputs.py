"""The output of steps: bytes in one file per step, with an index beside it.

Scripts write through the shim, a program of its own that imports nothing else of ours and writes the same two files;
steps that run inside the daemon write through ``OutputWriter``. Change the format in both places:

* ``output``: what was printed, secrets masked, at most ``CAP_BYTES`` and then one line that says it was cut;
* ``output.index``: JSON lines ``{"offset": bytes, "line": number from 1, "at": RFC 3339}``, where a chunk begins and
  when it came, at most one in ``INDEX_EVERY_S``.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import logging
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from released.store import instants

logger = logging.getLogger(__name__)

_MIB = 1024 * 1024
CAP_BYTES = 16 * _MIB
INDEX_EVERY_S = 0.05
_PIECE = 65536
TAIL_BYTES = 8192
"""What of the output a failure carries."""


class Written(NamedTuple):
    """What a finished output file holds."""

    bytes: int
    sha256: str


class Piece(NamedTuple):
    """A part of an output: where it begins, its bytes, and when they came."""

    offset: int
    data: bytes
    at: dt.datetime


class OutputWriter:
    """Appends a step's output; for its owner alone (0600), durable once it is closed."""

    def __init__(self, path: Path, mask: Callable[[str], str], cap_bytes: int = CAP_BYTES) -> None:
        """Make ``path`` and its index; each attempt of a step has files of its own.

        Args:
            path: the file ``output``, in a folder that is there.
            mask: replaces secrets; called with each text before a disk sees it.
            cap_bytes: how much is kept.

        Raises:
            OSError: the files cannot be made, or are there already.
        """
        self._mask = mask
        self._cap = cap_bytes
        self._hash = hashlib.sha256()
        self._size, self._line, self._pending = 0, 1, ""
        self._is_cut, self._ends_line = False, True
        self._indexed_at = float("-inf")
        self._folder = path.parent
        self._output = _open_private(path)
        self._index = _open_private(index_path(path))

    def write(self, text: str) -> None:
        """Append text; what goes beyond the cap is dropped, and a line says so.

        An unfinished line waits for its end, so that a secret that arrives in two parts is masked too.
        """
        whole, newline, self._pending = (self._pending + text).rpartition("\n")
        self._keep(whole + newline)

    def close(self) -> Written:
        """Make both files durable; says what the output holds."""
        self._keep(self._pending)
        folder = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        for descriptor in (self._output, self._index, folder):
            os.fsync(descriptor)
            os.close(descriptor)
        return Written(self._size, self._hash.hexdigest())

    def _keep(self, text: str) -> None:
        if self._is_cut or not text:
            return
        data, room = self._mask(text).encode(errors="replace"), self._cap - self._size
        try:
            self._append(data[:room])
            if len(data) > room:
                self._is_cut = True
                self._append(self._cut_notice())
        except OSError as error:
            self._cut_short(error)

    def _cut_short(self, error: OSError) -> None:
        """End the output where the disk refuses more of it; that ends no step."""
        self._is_cut = True
        os.ftruncate(self._output, self._size)
        logger.warning("%s: the rest of the output is not kept: %s", self._folder, error.strerror)

    def _cut_notice(self) -> bytes:
        size = f"{self._cap // _MIB} MiB" if self._cap % _MIB == 0 else f"{self._cap} bytes"
        return (b"" if self._ends_line else b"\n") + f"[released: output cut at {size}]\n".encode()

    def _append(self, data: bytes) -> None:
        if not data:
            return
        offset, line = self._size, self._line
        _write_all(self._output, data)
        self._hash.update(data)
        self._size += len(data)
        self._line += data.count(b"\n")
        self._ends_line = data.endswith(b"\n")
        self._note(offset, line)

    def _note(self, offset: int, line: int) -> None:
        """Index a chunk, but not each of thousands per second."""
        if time.monotonic() - self._indexed_at < INDEX_EVERY_S:
            return
        self._indexed_at = time.monotonic()
        entry = {"offset": offset, "line": line, "at": instants.to_text(dt.datetime.now(dt.UTC))}
        _write_all(self._index, json.dumps(entry).encode() + b"\n")


def index_path(path: Path) -> Path:
    """Name the index of an output file."""
    return path.with_name(path.name + ".index")


def read_output(path: Path, offset: int, limit: int) -> bytes:
    """Read at most ``limit`` bytes from ``offset``; nothing where the step has printed nothing yet."""
    try:
        with path.open("rb") as file:
            file.seek(offset)
            return file.read(limit)
    except FileNotFoundError:
        return b""


def read_pieces(path: Path) -> Iterator[Piece]:
    """Read an output in pieces as they came, with the time of each; nothing where nothing was printed, or is kept."""
    begins = _read_index(path)
    ends = [*(offset for offset, _ in begins), sys.maxsize][1:]
    for (begin, at), end in zip(begins, ends, strict=True):
        offset = begin
        while data := read_output(path, offset, min(end - offset, _PIECE)):
            yield Piece(offset, data, at)
            offset += len(data)


def _read_index(path: Path) -> list[tuple[int, dt.datetime]]:
    try:
        lines = index_path(path).read_bytes().splitlines(keepends=True)
    except FileNotFoundError:
        return []
    # The last line of a writer that was killed may be torn; what it would have dated belongs to the piece before.
    entries = [json.loads(line) for line in lines if line.endswith(b"\n")]
    return [(entry["offset"], instants.from_text(entry["at"])) for entry in entries]


def digest(path: Path) -> Written:
    """Say what a finished output holds, whoever wrote it."""
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256")
        return Written(file.tell(), found.hexdigest())


def tail(path: Path, max_bytes: int = TAIL_BYTES) -> str:
    """Read the end of an output, bytes that are no UTF-8 replaced; control sequences are still in it.

    It begins with a whole line, except where it is part of one single line.
    """
    try:
        size = path.stat().st_size
    except FileNotFoundError:
        return ""
    if size <= max_bytes:
        return read_output(path, 0, max_bytes).decode(errors="replace")
    cut = read_output(path, size - max_bytes - 1, max_bytes + 1)  # the byte before tells whether a line begins there
    return (cut.partition(b"\n")[2] or cut[1:]).decode(errors="replace")


def _open_private(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
