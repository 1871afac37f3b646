"""Output of steps: bytes that come in chunks, possibly twice after a reconnect, cut anywhere."""

from __future__ import annotations

import codecs
from collections import deque

from releasectl.text.sanitize import clean
from releasepb.v1 import releases_pb2 as pb

_LONGEST_LINE = 64 * 1024


class Offsets:
    """Knows up to where the output of each attempt of a step has been seen."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, int], int] = {}

    def fresh(self, chunk: pb.OutputChunk) -> bytes:
        """Give the bytes of a chunk that were not seen yet, and count them as seen."""
        key = (chunk.step, chunk.attempt)
        end = chunk.offset + len(chunk.untrusted_data)
        seen = min(max(self._seen.get(key, 0), chunk.offset), end)
        self._seen[key] = max(end, self._seen.get(key, 0))
        return chunk.untrusted_data[seen - chunk.offset :]


class Lines:
    """Cuts bytes into clean lines; what has no end of line yet is kept, so that no control sequence is torn."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("backslashreplace")
        self._rest = ""

    def feed(self, data: bytes) -> list[str]:
        """Give the lines that are complete now."""
        *whole, self._rest = (self._rest + self._decoder.decode(data)).split("\n")
        if len(self._rest) > _LONGEST_LINE:
            return self._clean(whole) + self.flush()
        return self._clean(whole)

    def flush(self) -> list[str]:
        """Give the last line, which has no end."""
        rest, self._rest = self._rest, ""
        return self._clean([rest]) if rest else []

    def peek(self) -> list[str]:
        """Look at the last line without taking it."""
        return self._clean([self._rest]) if self._rest else []

    @staticmethod
    def _clean(lines: list[str]) -> list[str]:
        return [part for line in lines for part in clean(line.removesuffix("\r")).split("\n")]


class Tail:
    """The last lines that a step printed."""

    def __init__(self, length: int) -> None:
        self._lines = Lines()
        self._last: deque[str] = deque(maxlen=length)
        self._length = length

    def feed(self, data: bytes) -> None:
        """Take in what was printed."""
        self._last.extend(line for line in self._lines.feed(data) if line.strip())

    @property
    def lines(self) -> list[str]:
        """The last lines, the unfinished one among them."""
        return [*self._last, *(line for line in self._lines.peek() if line.strip())][-self._length :]
