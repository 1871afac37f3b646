"""Keeps the derived files of each ticket equal to its events (spec: Files that operators read)."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from released.adapters.durability import remove_leftovers, write_durably
from released.domain import events as ev
from released.domain.releases.ticket_files import is_ours, render_env, render_log
from released.store.event_store import EventStore

logger = logging.getLogger(__name__)


class TicketFiles:
    """Writes ``<ticket>.env`` and ``<ticket>.log`` of one environment; may be called again with the same events.

    A file that cannot be written is told in the log and left out: no release and no start of the daemon waits for a
    derived file, and ``releasectl rebuild`` tries again.

    Args:
        store: holds the events.
        environment: whose tickets these are.
        checkout: where the ops repo lies; nothing is written unless it is there.
        workspace: the folder for files of ours, relative to the checkout.
    """

    def __init__(self, store: EventStore, environment: str, checkout: Path, workspace: str) -> None:
        self._store = store
        self._environment = environment
        self._prefix = ev.release_stream(environment, "")
        self._checkout = checkout
        self._folder = checkout / workspace / "releases"

    def __call__(self, recorded: Sequence[ev.Recorded]) -> None:
        """Bring the files of every ticket that these events are about up to date."""
        self._refresh(sorted({one.stream for one in recorded if one.stream.startswith(self._prefix)}))

    def clean_up(self) -> None:
        """Remove what a daemon left behind that was killed while it wrote; before anything is written."""
        with suppress(OSError):  # where the folder cannot be read or changed, writing will tell why
            remove_leftovers(self._folder)

    def restore_missing(self) -> None:
        """Write the files of every ticket that lacks one: they may have been deleted while no daemon ran."""
        present = self._present()
        streams = self._store.streams(self._prefix)
        self._refresh([stream for stream in streams if not present.issuperset(self._names(stream))])

    def differing(self) -> list[Path]:
        """List the files that are not what the events give; one that cannot be read is one of them."""
        return [file for stream in self._store.streams(self._prefix) for file in self._differing_of(stream)]

    def _differing_of(self, stream: str) -> Iterator[Path]:
        for file, content in self._contents(self._store.read(stream)):
            try:
                same = not content or file.read_text(encoding="utf-8", errors="replace") == content
            except OSError:
                same = False
            if not same:
                yield file

    def _contents(self, events: Sequence[ev.Recorded]) -> list[tuple[Path, str]]:
        """Give each file of a ticket with what it must hold; with nothing where it is not to be there."""
        env, log = (self._folder / name for name in self._names(events[0].stream))
        return [(env, render_env(events)), (log, render_log(events))]

    def _refresh(self, streams: Sequence[str]) -> None:
        if streams and not self._is_checked_out():
            # Else the folders of the files would be made where the checkout is to be mounted.
            logger.warning(
                "%s: there is no checkout at %s, so the files of its tickets are not written; once it is there, "
                "type: releasectl rebuild",
                self._environment,
                self._checkout,
            )
            return
        self._tell([failure for stream in streams for failure in self._write(stream)])

    def _tell(self, failures: Sequence[str]) -> None:
        if failures:
            more = f" (and {len(failures) - 1} more)" if len(failures) > 1 else ""
            message = "%s: a derived file cannot be written: %s%s; mend that, then type: releasectl rebuild"
            logger.warning(message, self._environment, failures[0], more)

    def _write(self, stream: str) -> Iterator[str]:
        """Write the files of a ticket; yields each that cannot be written, and why."""
        events = self._store.read(stream)
        for file, content in self._contents(events):
            try:
                if content:
                    self._put(file, content, events)
            except OSError as error:
                yield f"{file}: {error.strerror}"

    def _put(self, file: Path, content: str, events: Sequence[ev.Recorded]) -> None:
        if file.is_symlink() or (file.exists() and not file.is_file()):
            _set_aside(file)
        present = file.read_text(encoding="utf-8", errors="replace") if file.exists() else None
        if present == content:
            return
        if present is not None and not is_ours(present, events, log=file.suffix == ".log"):
            _set_aside(file)
        file.parent.mkdir(parents=True, exist_ok=True)
        write_durably(file, content.encode(), 0o644)

    def _names(self, stream: str) -> tuple[str, str]:
        ticket = stream.removeprefix(self._prefix)
        return f"{ticket}.env", f"{ticket}.log"

    def _present(self) -> set[str]:
        """Name the regular files that are there; of a folder that cannot be read, writing will tell why."""
        with suppress(OSError), os.scandir(self._folder) as entries:
            return {entry.name for entry in entries if entry.is_file(follow_symlinks=False)}
        return set()

    def _is_checked_out(self) -> bool:
        with suppress(OSError):
            return (self._checkout / ".git").exists()
        return False


def _set_aside(file: Path) -> None:
    """Keep what somebody else made; the first one keeps the plain name."""
    aside = file.with_name(f"{file.name}.before-released")
    number = 2
    while aside.is_symlink() or aside.exists():
        aside = file.with_name(f"{file.name}.before-released.{number}")
        number += 1
    file.rename(aside)
