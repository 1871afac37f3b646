"""Two tar streams compared: does the one hold exactly what the other holds?"""

from __future__ import annotations

import hashlib
from itertools import zip_longest
from typing import TYPE_CHECKING, NamedTuple

from released.adapters.tars.entries import Entry, entries

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_XATTR = "SCHILY.xattr."


def differences(expected: Iterable[bytes], found: Iterable[bytes]) -> Iterator[str]:
    """Name every entry that only one stream holds, or that is not the same in both; nothing where they agree.

    Compared are kind, mode, owner, size, content, link target, device numbers, extended attributes and the time of the
    last change: in whole seconds and from 1970 on, because the engine knows no others. The order of the entries does
    not matter; memory grows with how far apart they stand, and not with how many there are.

    Raises:
        ValueError: one of the streams is no complete archive.
    """
    waiting: tuple[dict[str, _Facts], dict[str, _Facts]] = ({}, {})
    for pair in zip_longest(_facts(expected), _facts(found)):
        for side, one in enumerate(pair):
            if one is None:
                continue
            name, facts = one
            other = waiting[1 - side].pop(name, None)
            if other is None:
                waiting[side][name] = facts
            elif other != facts:
                yield f"{name!r} differs in {', '.join(_unlike(facts, other))}"
    yield from _alone(waiting[0], "is missing")
    yield from _alone(waiting[1], "should not be there")


class _Facts(NamedTuple):
    kind: bytes
    mode: int
    uid: int
    gid: int
    size: int
    content: bytes
    link: str
    device: tuple[int, int]
    attributes: frozenset[tuple[str, str]]
    mtime: int


def _facts(chunks: Iterable[bytes]) -> Iterator[tuple[str, _Facts]]:
    for entry in entries(chunks):
        yield "/".join(entry.path) or ".", _facts_of(entry)


def _facts_of(entry: Entry) -> _Facts:
    info = entry.info
    digest = hashlib.sha256()
    for chunk in entry.content():
        digest.update(chunk)
    return _Facts(
        kind=info.type,
        mode=info.mode & 0o7777,
        uid=info.uid,
        gid=info.gid,
        size=info.size,
        content=digest.digest(),
        link=info.linkname,
        device=(info.devmajor, info.devminor),
        attributes=frozenset(item for item in info.pax_headers.items() if item[0].startswith(_XATTR)),
        mtime=max(0, int(info.mtime)),
    )


def _unlike(one: _Facts, other: _Facts) -> Iterator[str]:
    return (field for field in _Facts._fields if getattr(one, field) != getattr(other, field))


def _alone(waiting: Mapping[str, _Facts], complaint: str) -> Iterator[str]:
    return (f"{name!r} {complaint}" for name in waiting)
