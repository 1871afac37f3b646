"""Takes a secret out of the record, for a person, while no daemon runs: out of events, and out of what was printed.

What is done is recorded in the stream that the secret stood in: for events with the same commit that takes it away, for
output before. Where that is cut off, the output still tells the secret, and is found again.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from released.domain import events as ev
from released.domain.errors import Refused
from released.domain.forensics.masking import blotted, masked, needed, tells
from released.domain.redaction import Redactor
from released.engine.instruments import Instruments
from released.store import checkpoints
from released.store.event_row import EventRow
from released.store.event_store import EventStore, NewEvent, StreamWrite
from released.store.history import History
from released.store.projections import Projector
from released.store.raw_log import all_rows
from released.store.release_list import ReleaseList

_PRINTED = ("steps", "hooks")
"""Where the state folder has what was printed, and what was run: by environment, then ticket or request."""
_TEXTS = ("output", "shim.log")
"""Files that hold text. Others say what runs and where a part begins: they are what recovery and replay go by."""


class Leak(NamedTuple):
    """An event that tells the secret."""

    row: EventRow
    payload: dict[str, Any]
    """Without it."""

    @property
    def place(self) -> str:
        """Where it stands, for people."""
        return _place(self.row)


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
    stuck: tuple[str, ...]
    """Where it stands and cannot be taken out: in names."""

    @property
    def places(self) -> tuple[str, ...]:
        """Where it can be taken out, for people."""
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
            Refused: ``secret_is_needed``: something is done on the word of the text, a commit or a name for instance.
            OSError: a file cannot be read.
        """
        leaks, stuck, streams = [], dict[str, None](), set[str]()
        for row in all_rows(self._store):
            streams.add(row.stream)
            if (leak := self._leak(row)) is not None:
                leaks.append(leak)
            stuck |= dict.fromkeys(self._names_in(row))
        stained = list(self._files())
        stuck |= {
            f"the name of {self._redactor.mask(str(path))}": None
            for path in stained
            if tells(str(path), self._redactor)
        }
        stains = [stain for path in stained if (stain := self._stain(path, streams)) is not None]
        return Found(tuple(leaks), tuple(stains), tuple(stuck))

    def remove(self, found: Found, reason: str, actor: ev.Actor, instruments: Instruments) -> list[OSError]:
        """Take it away, for ever; give what went wrong with files that still tell it."""
        told = _told(found, reason)
        writes = [self._write(stream, events, actor, instruments) for stream, events in told.items()]
        self._store.redact(writes, [leak.row.position for leak in found.leaks])
        self._derive_anew()
        return [error for stain in found.stains if (error := self._cleaned(self._state / stain.output.path))]

    # --- events --------------------------------------------------------------------------------------------------

    def _leak(self, row: EventRow) -> Leak | None:
        payload: dict[str, Any] = msgspec.json.decode(row.payload) if row.payload else {}
        if (field := needed(payload, self._redactor)) is not None:
            message = (
                f"The text stands in {_place(row)} as {field}, on whose word something is done. Nothing was changed. "
                "Name the secret alone, with all of its characters."
            )
            raise Refused("secret_is_needed", message)
        without = masked(payload, self._redactor)
        return Leak(row, without) if without != payload else None

    def _names_in(self, row: EventRow) -> Iterator[str]:
        for name in (row.stream, row.actor):
            if tells(name, self._redactor):
                yield f"the name of a ticket or of a person, in event {row.position} of the log"

    def _write(
        self, stream: str, events: Sequence[ev.Redacted], actor: ev.Actor, instruments: Instruments
    ) -> StreamWrite:
        now, new_id = instruments.now(), instruments.new_id
        return StreamWrite(
            stream, self._store.version(stream), tuple(NewEvent(new_id(), now, actor, event) for event in events)
        )

    def _derive_anew(self) -> None:
        """Derive the tables anew; the files of tickets are written anew at the next start of the daemon."""
        projector = Projector(self._store, [ReleaseList(), History()])
        projector.rebuild(projector.names)
        files = [name for name in self._store.query(checkpoints.stored) if name.startswith("files/")]
        self._store.project(lambda connection: checkpoints.drop(connection, files))

    # --- what was printed ----------------------------------------------------------------------------------------

    def _files(self) -> Iterator[Path]:
        """Name every file that may tell it, relative to the state folder."""
        for kind in _PRINTED:
            for file in sorted((self._state / kind).glob("*/*/**/*")):
                if file.name in _TEXTS and file.is_file() and not file.is_symlink():
                    yield file.relative_to(self._state)

    def _stain(self, path: Path, streams: set[str]) -> Stain | None:
        content = (self._state / path).read_bytes()
        clean = blotted(content, self._redactor)
        if clean == content:
            return None
        return Stain(_stream_of(path, streams), ev.OutputRef(str(path), len(clean), hashlib.sha256(clean).hexdigest()))

    def _cleaned(self, file: Path) -> OSError | None:
        """Write over what is there: a command that still runs may print on behind it."""
        try:
            with file.open("r+b") as content:
                clean = blotted(content.read(), self._redactor)
                content.seek(0)
                content.write(clean)
                content.flush()
                os.fsync(content.fileno())
        except OSError as error:
            return error
        return None


def _place(row: EventRow) -> str:
    return f"event {row.version} of {row.stream} ({row.type})"


def _told(found: Found, reason: str) -> dict[str, list[ev.Redacted]]:
    """Give the events that tell of it, by stream."""
    told: dict[str, list[ev.Redacted]] = {}
    for leak in found.leaks:
        told.setdefault(leak.row.stream, []).append(ev.Redacted(reason, leak.row.version, leak.payload))
    for stain in found.stains:
        told.setdefault(stain.stream, []).append(ev.Redacted(reason, output=stain.output))
    return told


def _stream_of(path: Path, streams: set[str]) -> str:
    """Name the stream that an output belongs to: its ticket's, or else its environment's."""
    kind, environment, owner, *_ = path.parts
    ticket = ev.release_stream(environment, owner)
    return ticket if kind == "steps" and ticket in streams else ev.environment_stream(environment)
