"""Keeps the derived files of each ticket equal to its events (spec: Files that operators read)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from released.adapters.durability import write_durably
from released.domain import events as ev
from released.domain.ticket_files import is_ours, render_env, render_log
from released.store.event_store import EventStore


class TicketFiles:
    """Writes ``<ticket>.env`` and ``<ticket>.log`` of one environment; may be called again with the same events."""

    def __init__(self, store: EventStore, environment: str, folder: Path) -> None:
        self._store = store
        self._prefix = ev.release_stream(environment, "")
        self._folder = folder

    def __call__(self, recorded: Sequence[ev.Recorded]) -> None:
        """Bring the files of every ticket that these events are about up to date."""
        for stream in sorted({one.stream for one in recorded if one.stream.startswith(self._prefix)}):
            self._write(stream.removeprefix(self._prefix), self._store.read(stream))

    def restore_missing(self) -> None:
        """Write the files of every ticket that lacks one: they may have been deleted while no daemon ran."""
        for stream in self._store.streams(self._prefix):
            ticket = stream.removeprefix(self._prefix)
            if not all((self._folder / f"{ticket}.{ending}").exists() for ending in ("env", "log")):
                self._write(ticket, self._store.read(stream))

    def _write(self, ticket: str, events: Sequence[ev.Recorded]) -> None:
        env, log = render_env(events), render_log(events)
        if env:
            self._put(self._folder / f"{ticket}.env", env, events, log=False)
        if log:
            self._put(self._folder / f"{ticket}.log", log, events, log=True)

    def _put(self, file: Path, content: str, events: Sequence[ev.Recorded], *, log: bool) -> None:
        present = file.read_text(encoding="utf-8", errors="replace") if file.exists() else None
        if present == content:
            return
        if present is not None and not is_ours(present, events, log=log):
            _set_aside(file)
        file.parent.mkdir(parents=True, exist_ok=True)
        write_durably(file, content.encode(), 0o644)


def _set_aside(file: Path) -> None:
    """Keep a file that somebody else wrote; the first one keeps the plain name."""
    aside = file.with_name(f"{file.name}.before-released")
    number = 2
    while aside.exists():
        aside = file.with_name(f"{file.name}.before-released.{number}")
        number += 1
    file.rename(aside)
