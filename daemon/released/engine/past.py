"""An environment as it was at a moment in the past, from the record alone."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from released.domain import events as ev
from released.domain.environments import environment
from released.domain.environments.environment import EnvironmentState
from released.domain.errors import NotFound
from released.domain.forensics.moment import Moment, until
from released.domain.forensics.runs import was_run
from released.domain.ids import Ticket
from released.domain.releases import release
from released.domain.releases.next_steps import events_of
from released.domain.releases.release import ReleaseState
from released.domain.releases.unknown import unknown_ticket
from released.store.event_store import EventStore
from released.store.history_queries import Placed, placed_at, standing_at
from released.store.place_moments import telling_events


class Past:
    """What the record of one environment knows of its past."""

    def __init__(self, store: EventStore, name: str) -> None:
        self._store = store
        self._name = name

    def release(self, ticket: Ticket, moment: Moment) -> ReleaseState:
        """Give where a ticket stood.

        Raises:
            NotFound: nothing is on record of it, it has no such event, or no run of it was by then.
        """
        return release.fold(self.record(ticket, moment))

    def record(self, ticket: Ticket, moment: Moment) -> Sequence[ev.Recorded]:
        """Give what was on record of a ticket that had been run.

        Raises:
            NotFound: nothing is on record of it, it has no such event, or no run of it was by then.
        """
        events = self._events(ticket)
        if not events:
            raise unknown_ticket(ticket)
        if isinstance(moment, int) and moment > events[-1].version:
            message = f"Ticket {ticket} has no event {moment}: its record ends with event {events[-1].version}."
            raise NotFound("event_unknown", message, events_of(ticket))
        found = until(events, moment)
        if not was_run(found):
            first = events[0]
            message = (
                f"Ticket {ticket} had not been run by then: "
                f"its record begins with event {first.version} at {first.at:%Y-%m-%d %H:%M:%SZ}."
            )
            raise NotFound("not_yet", message, events_of(ticket))
        return found

    def releases(self, at: dt.datetime, limit: int, state: str | None = None) -> list[ReleaseState]:
        """List where tickets stood, the one that changed last first; the tables of history must be up to date."""
        found = standing_at(self._store, self._name, at, limit, state)
        return [release.fold(until(self._events(ticket), at)) for ticket in found]

    def environment(self, at: dt.datetime) -> EnvironmentState:
        """Give who occupied the environment, and who kept releases out."""
        return environment.fold(telling_events(self._store, ev.environment_stream(self._name), at))

    def placed(self, at: dt.datetime, service: str | None = None) -> list[Placed]:
        """List the containers that stood, as releases put them there; the tables of history must be up to date."""
        return placed_at(self._store, self._name, at, service)

    def _events(self, ticket: str) -> Sequence[ev.Recorded]:
        return self._store.read(ev.release_stream(self._name, ticket))
