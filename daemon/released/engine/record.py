"""What the record of an environment knows of its releases, for plans."""

from __future__ import annotations

import datetime as dt

from released.domain import events as ev
from released.domain.ids import Ticket
from released.domain.releases import lifecycle, release
from released.domain.releases.release import ReleaseState
from released.engine.environment_fold import EnvironmentFold
from released.phases.planning.history import HeldCommits, History, LaterRelease
from released.store.event_store import EventStore
from released.store.release_list import list_releases

_STANDING = (lifecycle.RELEASED, lifecycle.HALTED, lifecycle.ABANDONED)
"""States in which a release has left something behind."""

_DEPLOYED = (lifecycle.RELEASED, lifecycle.REVERTED)
"""States in which a release has left its environment as it was meant to be."""

_HOLDS_NOTHING = (lifecycle.RELEASED, lifecycle.NOTHING_TO_DO)
"""States in which a first run has no commits that are held as bad."""


class EnvironmentRecord:
    """Reads one environment's streams and the list of its releases."""

    def __init__(self, store: EventStore, environment_name: str) -> None:
        self._store = store
        self._name = environment_name
        self._place = EnvironmentFold(store, environment_name)

    def history(self) -> History:
        """Say what a run depends on."""
        prefix = ev.release_stream(self._name, "")
        tickets = (Ticket(stream.removeprefix(prefix)) for stream in self._store.streams(prefix))
        return History(
            # A typo that was refused owns no script. Only a name with a dash can be the longer of two that match one.
            known_tickets=tuple(ticket for ticket in tickets if "-" in ticket and self._release(ticket).run > 0),
            is_released=lambda ticket: self._release(ticket).status == lifecycle.RELEASED,
            last_deployed=self._last_deployed(),
            held=self._held(),
            returned=self._place.present().returned,
        )

    def later_than(self, state: ReleaseState) -> tuple[LaterRelease, ...]:
        """List the releases that came after one and still stand, newest first."""
        started = state.started_at or dt.datetime.min.replace(tzinfo=dt.UTC)
        found = (
            LaterRelease(row.ticket, row.state, row.services, row.started_at, self._release(row.ticket).is_adopted)
            for row in list_releases(self._store, self._name, limit=_ALL)
            if row.ticket != state.ticket and row.state in _STANDING and row.started_at and row.started_at > started
            if not self._release(row.ticket).is_behind
        )
        return tuple(sorted(found, key=lambda one: one.started_at, reverse=True))

    def _last_deployed(self) -> str | None:
        rows = list_releases(self._store, self._name, limit=_ALL)
        latest = next((row.ticket for row in rows if row.state in _DEPLOYED), None)
        return self._release(latest).head if latest else None

    def _held(self) -> tuple[HeldCommits, ...]:
        """List the commits of every run whose code was taken back: they are held as bad (spec: revert)."""
        rows = list_releases(self._store, self._name, limit=_ALL)
        may_hold = (row for row in rows if row.run > 1 or row.state not in _HOLDS_NOTHING)
        return tuple(
            HeldCommits(row.ticket, one.base, one.merge) for row in may_hold for one in self._release(row.ticket).held
        )

    def _release(self, ticket: str) -> ReleaseState:
        return release.fold(self._store.read(ev.release_stream(self._name, ticket)))


_ALL = 1_000_000
