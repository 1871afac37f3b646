"""What was printed long ago expires, events stay: which output has outlived its time, and its removal.

What goes is recorded before it goes. A crash in between leaves output that the next collection finds again.
"""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from released.domain import events as ev
from released.domain.errors import Refused
from released.domain.ids import RequestId, Ticket
from released.domain.releases.release import ReleaseState
from released.domain.releases.remarks import Note
from released.engine.answers import Answers, Asked, Decided
from released.engine.instruments import Instruments, id_of_end
from released.phases.world import World
from released.store.event_store import EventStore
from released.store.history_queries import end_of_run


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
        return [one for one in (*self._of_runs(), *self._of_hooks()) if one.ended_at < before]

    def collect(self, request_id: RequestId, actor: ev.Actor) -> list[Expired]:
        """Remove it; sent twice it removes what was found the first time.

        Raises:
            Refused: see ``find``.
            InvalidInput: the request's id was used for something else.
        """
        found = self.find()
        if all(one.legal_hold for one in found):
            return found
        asked = Asked("gc", None, request_id, actor)
        given = self._answers.answer(asked, lambda: self._decided(request_id, found), lambda: None)
        for folder in given.event.folders if isinstance(given.event, ev.OutputExpired) else ():
            if (present := self._world.state_dir / folder).exists():
                shutil.rmtree(present)
        return found

    def _decided(self, request_id: RequestId, found: Sequence[Expired]) -> Decided:
        going = [one for one in found if one.legal_hold is None]
        names, size = tuple(str(one.folder) for one in going), sum(one.bytes for one in going)
        return Decided(self._answers.environment(), [ev.OutputExpired(request_id, self._before(), names, size)])

    def _before(self) -> dt.datetime:
        days = self._world.settings.retention.output_days
        if days is None:
            raise Refused(
                "retention_unset",
                f"Output of {self._world.name} is kept for ever. Set retention.output_days in the configuration of "
                "released, restart it, and try again.",
            )
        return self._instruments.now() - dt.timedelta(days=days)

    def _of_runs(self) -> Iterator[Expired]:
        """Give the output of each run that is over."""
        for folder in _folders(self._steps):
            ticket = Ticket(folder.name)
            state = self._answers.release(ticket)
            for run in _folders(folder):
                if (ended := self._end(state, ticket, run.name)) is not None:
                    yield Expired(self._relative(run), ended, _size(run), state.legal_hold)

    def _end(self, state: ReleaseState, ticket: Ticket, run: str) -> dt.datetime | None:
        """Tell when a run was over; a folder that no run has made is nobody's to remove."""
        if not run.isdecimal() or (state.occupies and int(run) == state.run):
            return None
        return self._store.query(lambda connection: end_of_run(connection, self._world.name, ticket, int(run)))

    def _of_hooks(self) -> Iterator[Expired]:
        for folder in _folders(self._world.state_dir / "hooks" / self._world.name):
            end = self._store.find(id_of_end(self._world.name, folder.name))
            if end is not None:
                yield Expired(self._relative(folder), end.at, _size(folder))

    @property
    def _steps(self) -> Path:
        return self._world.state_dir / "steps" / self._world.name

    def _relative(self, folder: Path) -> Path:
        return folder.relative_to(self._world.state_dir)


def _folders(parent: Path) -> list[Path]:
    if not parent.is_dir():
        return []
    return sorted(one for one in parent.iterdir() if one.is_dir() and not one.is_symlink())


def _size(folder: Path) -> int:
    return sum(file.lstat().st_size for file in folder.rglob("*"))
