"""What may be on a disk after a power cut, from the system calls that a program made until then.

The model, that of a journalling file system such as ext4 and xfs in their usual modes:

* Names and sizes (a file made, renamed, removed, cut) reach the disk in the order in which they changed, and all that
  changed before a flush of anything are there after it.
* Bytes reach the disk for certain with a flush of their file. Until then each write is there or not, in any order, and
  one that was under way is there in part, by sectors of 512 bytes.

So a state after a cut is what was flushed, a beginning of the changes of names and sizes since, and any of the bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from random import Random

_SECTOR = 512

Disk = dict[str, bytes]
"""Path to content."""


@dataclass(frozen=True)
class Write:
    """Bytes written at an offset."""

    path: str
    offset: int
    data: bytes


@dataclass(frozen=True)
class Make:
    """A file made, if there is none of that name."""

    path: str


@dataclass(frozen=True)
class Cut:
    """A file brought to a size."""

    path: str
    size: int


@dataclass(frozen=True)
class Remove:
    """A name removed."""

    path: str


@dataclass(frozen=True)
class Rename:
    """A name changed, and what had the other one replaced."""

    path: str
    to: str


@dataclass(frozen=True)
class Flush:
    """A file or a folder flushed, to its end."""

    path: str


@dataclass(frozen=True)
class Acknowledge:
    """Somebody was told that something is durable."""

    what: str


Change = Write | Make | Cut | Remove | Rename
Operation = Change | Flush | Acknowledge


@dataclass
class Power:
    """Follows a program, and says at any moment what a power cut may leave."""

    _flushed: Disk = field(default_factory=dict)
    _pending: list[Change] = field(default_factory=list)

    def follow(self, operation: Operation) -> None:
        """Take one operation in."""
        if isinstance(operation, Flush):
            self._flush(operation.path)
        elif not isinstance(operation, Acknowledge):
            self._pending.append(operation)

    def cut(self, chance: Random, samples: int) -> Iterator[Disk]:
        """Yield what may be there: only what was flushed, everything, and so many samples of what lies between."""
        yield self._flushed
        if not self._pending:
            return
        yield _applied(self._flushed, self._pending)
        for _ in range(samples):
            yield _applied(self._flushed, self._some(chance))

    def _flush(self, path: str) -> None:
        certain: list[Change] = []
        left: list[Write] = []
        for one in self._pending:
            if isinstance(one, Write) and one.path != path:
                left.append(one)
                continue
            certain.append(one)
            if isinstance(one, Remove):
                left = [write for write in left if write.path != one.path]
            elif isinstance(one, Rename):
                left = [replace(write, path=one.to) if write.path == one.path else write for write in left]
        self._flushed = _applied(self._flushed, certain)
        self._pending = [*left]

    def _some(self, chance: Random) -> list[Change]:
        """Choose a beginning of the changes of names, and writes, in part and in another order."""
        names = [one for one in self._pending if not isinstance(one, Write)]
        until = names[chance.randint(0, len(names)) :][:1]
        reached = self._pending[: self._pending.index(until[0])] if until else self._pending
        writes = [one for one in reached if isinstance(one, Write) and chance.random() < 0.5]
        kept: list[Change] = [one for one in reached if not isinstance(one, Write) or one in writes]
        if not names:
            chance.shuffle(kept)  # bytes only: across a change of names their order would mean another file
        return [_torn(one, chance) if isinstance(one, Write) and chance.random() < 0.5 else one for one in kept]


def _torn(write: Write, chance: Random) -> Write:
    """Leave out the end of a write, or its beginning."""
    sectors = -(-len(write.data) // _SECTOR)
    at = _SECTOR * chance.randint(0, sectors)
    if chance.random() < 0.5:
        return Write(write.path, write.offset, write.data[:at])
    return Write(write.path, write.offset + at, write.data[at:])


def _applied(disk: Disk, changes: Iterable[Change]) -> Disk:
    after = dict(disk)
    for change in changes:
        match change:
            case Write(path, offset, data):
                if data:
                    old = after.get(path, b"").ljust(offset, b"\0")
                    after[path] = old[:offset] + data + old[offset + len(data) :]
            case Make(path):
                after.setdefault(path, b"")
            case Cut(path, size):
                after[path] = after.get(path, b"")[:size].ljust(size, b"\0")
            case Remove(path):
                after.pop(path, None)
            case Rename(path, to):
                if path in after:
                    after[to] = after.pop(path)
    return after
