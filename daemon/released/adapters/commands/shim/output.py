"""What a command prints, in files that are only ever added to."""

from __future__ import annotations

import hashlib
import json
import os
import time

from released.adapters.commands.shim import records

_CHUNK = 65536
_INDEX_EVERY_S = 0.05
_MIB = 2**20


class Output:
    """The files ``output`` and ``output.index``: append-only, capped with a visible line."""

    def __init__(self, slot: int, cap_bytes: int) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        self._file = os.open("output", flags, 0o600, dir_fd=slot)
        self._index = os.open("output.index", flags, 0o600, dir_fd=slot)
        self._hash = hashlib.sha256()
        self._cap, self._size, self._line = cap_bytes, 0, 0
        self._ends_line, self.is_cut = True, False
        self._indexed, self._indexed_at = 0, -float("inf")

    def append(self, data: bytes) -> None:
        """Keep what the cap allows; a disk that refuses cuts the output too, but never stops the command."""
        if self.is_cut or not data:
            return
        room = self._cap - self._size
        self.is_cut = len(data) > room
        try:
            self._keep(data[:room])
            if self.is_cut:
                self._keep(self._cut_notice())
        except OSError as error:
            self.is_cut = True
            records.complain(f"cannot write the output: {error.strerror}; the rest of it is not kept")

    def close(self) -> tuple[int, str]:
        """Make the output durable and give its size in bytes and its SHA-256."""
        for descriptor in (self._file, self._index):
            os.fsync(descriptor)
            os.close(descriptor)
        return self._size, self._hash.hexdigest()

    def _cut_notice(self) -> bytes:
        size = f"{self._cap // _MIB} MiB" if self._cap % _MIB == 0 else f"{self._cap} bytes"
        return (b"" if self._ends_line else b"\n") + f"[released: output cut at {size}]\n".encode()

    def _keep(self, data: bytes) -> None:
        offset, line = self._size, self._line
        while data:
            written = data[: os.write(self._file, data)]
            data = data[len(written) :]
            self._hash.update(written)
            self._size += len(written)
            self._line += written.count(b"\n")
            self._ends_line = written.endswith(b"\n")
        self._note(offset, line)

    def _note(self, offset: int, line: int) -> None:
        """Index a chunk, unless it is small and the last entry is fresh, so that the index stays small."""
        now = time.monotonic()
        if self._size == offset or (offset < self._indexed + _CHUNK and now < self._indexed_at + _INDEX_EVERY_S):
            return
        self._indexed, self._indexed_at = offset, now
        entry = json.dumps({"offset": offset, "line": line, "at": records.now()})
        os.write(self._index, f"{entry}\n".encode())
