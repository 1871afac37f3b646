"""What was printed long ago expires, events stay: which output has outlived its time, and its removal.

What goes is recorded before it goes. A crash in between leaves output that the next collection finds again.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from released.domain import events as ev
from released.domain.errors import Refused
from released.domain.ids import RequestId, Ticket
from released.domain.releases.release import ReleaseState
from released.domain.releases.remarks import Note
from released.engine.answers import Answers, Asked, Decided
from released.engine.instruments import Instruments, id_of_end, id_of_request
from released.phases.world import World
from released.store.event_store import EventStore
from released.store.history_queries import end_of_run

_PRINTED = ("output", "output.index")
"""What expires of the folder of an attempt."""


class Expired(NamedTuple):
    """The output of a run, or of a hook that was run by hand, that has outlived its time."""

    folder: Path
    """Relative to the state directory."""
    ended_at: dt.datetime
    bytes: int
    legal_hold: Note | None = None
    """Why it stays all the same."""


class Garbage:
    """The output of one environment."""

    def __init__(self, answers: Answers, store: EventStore, world: World, instruments: Instruments) -> None:
        self._answers = answers
        self._store = store
        self._world = world
        self._instruments = instruments

    def find(self) -> list[Expired]:
        """List what has outlived its time, also what a legal hold keeps.

        Raises:
            Refused: ``retention_unset``: nothing ever expires here.
        """
        before = self._before()
        return [*self._of_runs(before), *self._of_hooks(before)]

    def collect(self, request_id: RequestId, actor: ev.Actor) -> list[Expired]:
        """Remove it, and list it with what is kept; sent twice it removes what is left of what was found first.

        While it goes on nothing else may be decided: a run could be taken back, or held.

        Raises:
            Refused: see ``find``.
            InvalidInput: the request's id was used for something else.
        """
        found = self.find()
        if all(one.legal_hold for one in found):
            return found
        asked = Asked("gc", None, request_id, actor)
        given = self._answers.answer(asked, lambda: self._decided(request_id, found), lambda: None)
        told = given.event.folders if isinstance(given.event, ev.OutputExpired) else ()
        going = [one for one in found if one.legal_hold is None and str(one.folder) in told]
        for one in going:
            self._remove(one.folder)
        return [*going, *(one for one in found if one.legal_hold)]

    def _decided(self, request_id: RequestId, found: Sequence[Expired]) -> Decided:
        going = [one for one in found if one.legal_hold is None]
        names, size = tuple(str(one.folder) for one in going), sum(one.bytes for one in going)
        return Decided(self._answers.environment(), [ev.OutputExpired(request_id, self._before(), names, size)])

    def _remove(self, folder: Path) -> None:
        """Remove what was printed; what tells how a command ended stays, for that is asked for later."""
        for file in _outputs(self._world.state_dir / folder):
            file.unlink(missing_ok=True)

    def _before(self) -> dt.datetime:
        days = self._world.settings.retention.output_days
        if days is None:
            raise Refused(
                "retention_unset",
                f"Output of {self._world.name} is kept for ever. Set retention.output_days in the configuration of "
                "released, restart it, and try again.",
            )
        return self._instruments.now() - dt.timedelta(days=days)

    def _of_runs(self, before: dt.datetime) -> Iterator[Expired]:
        """Give the output of each run that was over before a moment."""
        for folder in _folders(self._world.state_dir / "steps" / self._world.name):
            ticket = Ticket(folder.name)
            state = self._answers.release(ticket)
            for run in _folders(folder):
                ended = self._end(state, ticket, run.name)
                if ended is not None and ended < before:
                    yield from self._expired(run, ended, state.legal_hold)

    def _end(self, state: ReleaseState, ticket: Ticket, run: str) -> dt.datetime | None:
        """Tell when a run was over; a folder that no run has made is nobody's to remove."""
        if not run.isdecimal() or (state.occupies and int(run) == state.run):
            return None
        return end_of_run(self._store, self._world.name, ticket, int(run))

    def _of_hooks(self, before: dt.datetime) -> Iterator[Expired]:
        """Give the output of what was run by hand; a repair for a ticket is under the ticket's legal hold."""
        for folder in _folders(self._world.state_dir / "hooks" / self._world.name):
            begin, end = (self._store.find(make(self._world.name, folder.name)) for make in (id_of_request, id_of_end))
            if end is not None and end.at < before:
                repaired = begin.event.ticket if begin and isinstance(begin.event, ev.FixStarted) else ""
                hold = self._answers.release(repaired).legal_hold if repaired else None
                yield from self._expired(folder, end.at, hold)

    def _expired(self, folder: Path, ended: dt.datetime, hold: Note | None) -> Iterator[Expired]:
        size = sum(_size(file) for file in _outputs(folder))
        if size:
            yield Expired(folder.relative_to(self._world.state_dir), ended, size, hold)


def _folders(parent: Path) -> list[Path]:
    if not parent.is_dir():
        return []
    return sorted(one for one in parent.iterdir() if one.is_dir() and not one.is_symlink())


def _outputs(folder: Path) -> list[Path]:
    return [file for file in folder.rglob("output*") if file.name in _PRINTED and not file.is_symlink()]


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except FileNotFoundError:
        return 0
