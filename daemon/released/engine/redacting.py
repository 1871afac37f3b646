"""Takes a secret out of the record, for a person, while no daemon runs: out of events, and out of what was printed.

What is done is recorded first, in the stream that the secret stood in, and can be done again after a crash.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from released.domain import events as ev
from released.domain.errors import IllegalEvent, Refused
from released.domain.forensics.masking import blotted, masked
from released.domain.redaction import Redactor
from released.domain.releases import release
from released.engine.instruments import Instruments
from released.store import codec
from released.store.errors import UnreadableEvent
from released.store.event_row import EventRow
from released.store.event_store import EventStore, NewEvent, StreamWrite
from released.store.raw_log import rows_of
from released.store.shredding import shred

_PRINTED = ("steps", "hooks")
"""Where the state folder has what was printed, and what was run: by environment, then ticket or request."""


class Leak(NamedTuple):
    """An event that tells the secret."""

    row: EventRow
    payload: dict[str, Any]
    """Without it."""

    @property
    def place(self) -> str:
        """Where it stands, for people."""
        return f"event {self.row.version} of {self.row.stream} ({self.row.type})"


class Stain(NamedTuple):
    """A file in the state folder that tells it."""

    stream: str
    output: ev.OutputRef
    """What it is to be."""


@dataclass(frozen=True)
class Found:
    """Everything that is on record of a secret."""

    leaks: tuple[Leak, ...]
    stains: tuple[Stain, ...]

    @property
    def places(self) -> tuple[str, ...]:
        """Where it stands, for people."""
        return (*(leak.place for leak in self.leaks), *(f"output {stain.output.path}" for stain in self.stains))


class Redaction:
    """The removal of one secret.

    Args:
        store: the record, which nobody else writes to.
        state: the folder with what was printed.
        redactor: masks the secret.
    """

    def __init__(self, store: EventStore, state: Path, redactor: Redactor) -> None:
        self._store = store
        self._state = state
        self._redactor = redactor

    def find(self) -> Found:
        """Look everything through.

        Raises:
            Refused: ``secret_is_needed``: without it an event could not be read any more.
        """
        streams = self._store.streams("")
        leaks = tuple(self._leaks(streams))
        self._refuse_needed(leaks)
        return Found(leaks, tuple(self._stains(frozenset(streams))))

    def remove(self, found: Found, reason: str, actor: ev.Actor, instruments: Instruments) -> None:
        """Take it away, for ever."""
        told = _told(found, reason)
        self._store.append([self._write(stream, events, actor, instruments) for stream, events in told.items()])
        self._store.project(lambda connection: shred(connection, [leak.row.position for leak in found.leaks]))
        for stain in found.stains:
            self._clean(self._state / stain.output.path)

    # --- events --------------------------------------------------------------------------------------------------

    def _leaks(self, streams: Sequence[str]) -> Iterator[Leak]:
        for row in rows_of(self._store, streams):
            payload = msgspec.json.decode(row.payload) if row.payload else {}
            without = masked(payload, self._redactor)
            if without != payload:
                yield Leak(row, without)

    def _refuse_needed(self, leaks: Sequence[Leak]) -> None:
        """Fold each stream as it would be: what the life cycle of a release hangs on is no secret."""
        for stream in dict.fromkeys(leak.row.stream for leak in leaks):
            replaced = {leak.row.version: leak for leak in leaks if leak.row.stream == stream}
            try:
                events = [_without(recorded, replaced) for recorded in self._store.read(stream)]
                if stream.startswith("release/"):
                    release.fold(events)
            except (UnreadableEvent, IllegalEvent) as error:
                message = f"{stream} could not be read any more without this text: {error.message} It stays."
                raise Refused("secret_is_needed", message) from error

    def _write(
        self, stream: str, events: Sequence[ev.Redacted], actor: ev.Actor, instruments: Instruments
    ) -> StreamWrite:
        now, new_id = instruments.now(), instruments.new_id
        version = self._store.version(stream)
        return StreamWrite(stream, version, tuple(NewEvent(new_id(), now, actor, event) for event in events))

    # --- what was printed ----------------------------------------------------------------------------------------

    def _stains(self, streams: frozenset[str]) -> Iterator[Stain]:
        for kind in _PRINTED:
            for file in sorted((self._state / kind).glob("*/*/**/*")):
                if file.is_symlink() or not file.is_file():
                    continue
                content = file.read_bytes()
                if (clean := blotted(content, self._redactor)) != content:
                    path = file.relative_to(self._state)
                    output = ev.OutputRef(str(path), len(clean), hashlib.sha256(clean).hexdigest())
                    yield Stain(_stream_of(path, streams), output)

    def _clean(self, file: Path) -> None:
        """Write over what is there: a command that still runs may print on behind it."""
        with file.open("r+b") as content:
            clean = blotted(content.read(), self._redactor)
            content.seek(0)
            content.write(clean)
            content.flush()
            os.fsync(content.fileno())


def _without(recorded: ev.Recorded, replaced: Mapping[int, Leak]) -> ev.Recorded:
    leak = replaced.get(recorded.version)
    if leak is None:
        return recorded
    payload = msgspec.json.encode(leak.payload).decode()
    event = codec.decode(leak.row.position, leak.row.type, leak.row.schema_version, payload)
    return msgspec.structs.replace(recorded, event=event)


def _told(found: Found, reason: str) -> dict[str, list[ev.Redacted]]:
    """Give the events that tell of it, by stream."""
    told: dict[str, list[ev.Redacted]] = {}
    for leak in found.leaks:
        told.setdefault(leak.row.stream, []).append(ev.Redacted(reason, leak.row.version, leak.payload))
    for stain in found.stains:
        told.setdefault(stain.stream, []).append(ev.Redacted(reason, output=stain.output))
    return told


def _stream_of(path: Path, streams: frozenset[str]) -> str:
    """Name the stream that an output belongs to: its ticket's, or else its environment's."""
    kind, environment, owner, *_ = path.parts
    ticket = ev.release_stream(environment, owner)
    return ticket if kind == "steps" and ticket in streams else ev.environment_stream(environment)
