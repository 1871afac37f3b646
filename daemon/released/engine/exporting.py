"""Writes an export: one archive of manifest, events as they lie on record, and what steps printed (docs/export.md)."""

from __future__ import annotations

import hashlib
import io
import tarfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import msgspec
import zstandard

from released.domain import events as ev
from released.domain.forensics import manifest
from released.domain.forensics.manifest import EVENTS, MANIFEST, OUTPUTS, ExportedFile, Manifest
from released.engine.station import Station
from released.store.raw_log import rows_of
from released.version import VERSION

_KEPT = ("output", "output.index")
"""What is taken along of the folder of an attempt."""


@dataclass(frozen=True)
class _Member:
    path: str
    source: Path
    described: ExportedFile


def write_export(station: Station, ticket: str, by: ev.Actor, target: IO[bytes], room: Path) -> None:
    """Write what is on record of a ticket, or of a whole environment.

    Args:
        station: the environment's.
        ticket: the only one that is taken along; empty: all of them.
        by: who has it made.
        target: gets the archive.
        room: a folder of our own for what is made on the way.
    """
    streams = _streams(station, ticket)
    events = room / EVENTS
    count, last = _write_events(station, streams, events)
    members = [_described(EVENTS, events), *_outputs(station, ticket)]
    told = Manifest(
        format=manifest.FORMAT,
        version=manifest.VERSION,
        made_at=station.instruments.now(),
        made_by=f"{by.name} with released {VERSION}",
        environment=station.name,
        ticket=ticket,
        events=count,
        last_position=last,
        log_hash=station.store.log_hash(last) or "",
        files={member.path: member.described for member in members},
    )
    _write_archive(manifest.encode(told), members, target)


def _streams(station: Station, ticket: str) -> list[str]:
    """Name what is taken along; of the environment itself always all, for it says who occupied it."""
    place = ev.environment_stream(station.name)
    if ticket:
        return [place, ev.release_stream(station.name, ticket)]
    return [place, *station.store.streams(ev.release_stream(station.name, ""))]


def _write_events(station: Station, streams: list[str], file: Path) -> tuple[int, int]:
    count = last = 0
    with file.open("wb") as lines:
        for row in rows_of(station.store, streams):
            lines.write(msgspec.json.encode(row._asdict()) + b"\n")
            count, last = count + 1, row.position
    return count, last


def _outputs(station: Station, ticket: str) -> Iterator[_Member]:
    steps = station.world.state_dir / "steps" / station.name
    for file in sorted((steps / ticket).rglob("output*")):
        path = f"{OUTPUTS}/{file.relative_to(steps).as_posix()}"
        if file.name in _KEPT and file.is_file() and not file.is_symlink() and manifest.is_known(path):
            with suppress(FileNotFoundError):  # it may expire at this moment
                yield _described(path, file)


def _described(path: str, file: Path) -> _Member:
    with file.open("rb") as content:
        found = hashlib.file_digest(content, "sha256")
        return _Member(path, file, ExportedFile(content.tell(), found.hexdigest()))


def _write_archive(told: bytes, members: list[_Member], target: IO[bytes]) -> None:
    compressor = zstandard.ZstdCompressor(level=6, write_checksum=True)
    with compressor.stream_writer(target, closefd=False) as packed, tarfile.open(fileobj=packed, mode="w|") as archive:
        archive.addfile(_entry(MANIFEST, len(told)), io.BytesIO(told))
        for member in members:
            # A step that runs may print on; what came since it was described stays out.
            with member.source.open("rb") as content:
                archive.addfile(_entry(member.path, member.described.bytes), content)


def _entry(path: str, size: int) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(path)
    entry.size, entry.mode = size, 0o600
    return entry
