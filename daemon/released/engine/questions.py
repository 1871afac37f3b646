"""Questions about the past of one environment, over many releases; the tables of history must be up to date."""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

from released.domain import events as ev
from released.domain.forensics.blame import Provenance, provenance
from released.domain.forensics.slowness import SlowStep, slow
from released.store.event_store import EventStore
from released.store.history_queries import (
    PastFailure,
    PastRun,
    Placed,
    RunFilter,
    failures_of,
    placed_at,
    runs,
    steps_of,
    times_before,
)

_COMPARED = 100
"""With how many earlier times a step is compared."""


class RunTold(NamedTuple):
    """A past run, where it halted and what was slow in it."""

    run: PastRun
    failures: list[PastFailure]
    slow: list[SlowStep]


class Blamed(NamedTuple):
    """A container that stands, and where it comes from."""

    placed: Placed
    provenance: Provenance


class Questions:
    """What is asked of one environment's past."""

    def __init__(self, store: EventStore, name: str) -> None:
        self._store = store
        self._name = name

    def runs(self, wanted: RunFilter, limit: int) -> list[RunTold]:
        """List past runs, the one that began last first."""
        return [self._told(run) for run in runs(self._store, self._name, wanted, limit)]

    def blame(self, service: str, at: dt.datetime) -> list[Blamed]:
        """Tell where each container of a service came from that stood at a moment."""
        return [Blamed(one, self._provenance(one)) for one in placed_at(self._store, self._name, at, service)]

    def _told(self, run: PastRun) -> RunTold:
        return RunTold(run, failures_of(self._store, self._name, run.ticket, run.run), self._slow(run))

    def _slow(self, run: PastRun) -> list[SlowStep]:
        found = (
            slow(one.step, one.seconds, times_before(self._store, self._name, one.step, one.at, _COMPARED))
            for one in steps_of(self._store, self._name, run.ticket, run.run)
        )
        return [one for one in found if one is not None]

    def _provenance(self, placed: Placed) -> Provenance:
        events = self._store.read(ev.release_stream(self._name, placed.ticket))
        return provenance(events, placed.version, placed.service)
