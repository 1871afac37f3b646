"""Reads an export back: each file is checked against the manifest before anything is believed."""

from __future__ import annotations

import hashlib
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, get_type_hints

import msgspec
import zstandard

from released.domain.forensics import manifest
from released.domain.forensics.manifest import EVENTS, MANIFEST, OUTPUTS, Manifest, invalid
from released.store.event_row import EventRow
from released.store.hash_chain import first_broken
from released.store.raw_log import write_log

_LARGEST_MANIFEST = 64 << 20
_CHUNK = 1 << 20
_LINE = msgspec.defstruct("Line", list(get_type_hints(EventRow).items()), forbid_unknown_fields=True)
"""A row as an object: what a line of the events is."""


def unpack(file: Path, folder: Path) -> Manifest:
    """Unpack an export into an empty folder: a database ``released.db``, and output where a daemon looks for it.

    Args:
        file: the export.
        folder: of our own; it becomes a daemon's state folder.

    Raises:
        InvalidInput: ``export_invalid``: it is none, or was changed since it was written.
        OSError: it cannot be read, or there is no space.
    """
    try:
        with (
            file.open("rb") as packed,
            zstandard.ZstdDecompressor().stream_reader(packed) as content,
            tarfile.open(fileobj=content, mode="r|") as archive,
        ):
            told = _unpacked(archive, file, folder)
    except (tarfile.TarError, zstandard.ZstdError, EOFError) as error:
        raise invalid(file.name, str(error) or "it ends too early") from None
    _write_store(file, folder, told)
    return told


def _unpacked(archive: tarfile.TarFile, file: Path, folder: Path) -> Manifest:
    first = archive.next()
    if first is None or first.name != MANIFEST or first.size > _LARGEST_MANIFEST:
        raise invalid(file.name, f"it does not begin with a {MANIFEST}")
    told = manifest.decode(_content(archive, first).read(), file.name)
    missing = dict(told.files)
    while (entry := archive.next()) is not None:
        wanted = missing.pop(entry.name, None)
        if wanted is None or not entry.isreg() or entry.size != wanted.bytes:
            raise invalid(file.name, f"{entry.name!r} is not in its manifest like that")
        if _copied(_content(archive, entry), folder / _place(entry.name, told)) != wanted.sha256:
            raise invalid(file.name, f"{entry.name} is not what was written")
    if missing:
        raise invalid(file.name, f"{next(iter(missing))} is missing")
    return told


def _place(path: str, told: Manifest) -> Path:
    """Tell where a file belongs, below the state folder."""
    if path == EVENTS:
        return Path(EVENTS)
    return Path("steps", told.environment, path.removeprefix(f"{OUTPUTS}/"))


def _content(archive: tarfile.TarFile, entry: tarfile.TarInfo) -> IO[bytes]:
    content = archive.extractfile(entry)
    if content is None:
        raise tarfile.ReadError(f"{entry.name} is no file")
    return content


def _copied(content: IO[bytes], target: Path) -> str:
    """Copy a file; give what it hashes to."""
    target.parent.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    with target.open("xb") as copy:
        while part := content.read(_CHUNK):
            digest.update(part)
            copy.write(part)
    return digest.hexdigest()


# --- the database ------------------------------------------------------------------------------------------------


def _write_store(file: Path, folder: Path, told: Manifest) -> None:
    try:
        write_log(folder / "released.db", _rows(folder / EVENTS))
    except (ValueError, msgspec.MsgspecError) as error:
        raise invalid(file.name, f"its events cannot be read: {error}") from None
    _refuse_broken(file, folder / EVENTS, told)


def _rows(events: Path) -> Iterator[EventRow]:
    with events.open("rb") as lines:
        for line in lines:
            yield EventRow(*msgspec.structs.astuple(msgspec.json.decode(line, type=_LINE)))


def _refuse_broken(file: Path, events: Path, told: Manifest) -> None:
    """Follow the chain of each stream: who made a manifest anew for other events has broken it."""
    streams: dict[str, list[EventRow]] = {}
    for row in _rows(events):
        streams.setdefault(row.stream, []).append(row)
    for stream, rows in streams.items():
        version = first_broken(rows)
        if version is not None:
            raise invalid(file.name, f"event {version} of {stream} is not the one that was recorded there")
    if sum(map(len, streams.values())) != told.events:
        raise invalid(file.name, f"its manifest tells of {told.events} events")
