"""Has a release that stands still say so: on the record and in the daemon's log, in growing intervals."""

from __future__ import annotations

import contextlib
import datetime as dt
import logging

import msgspec

from released.domain import events as ev
from released.domain.releases import release, reminders
from released.domain.releases.release import ReleaseState
from released.domain.releases.reminders import Standstill
from released.engine.environment_fold import EnvironmentFold
from released.engine.instruments import Instruments
from released.store.errors import Conflict
from released.store.event_store import EventStore, Fence, NewEvent, StreamWrite

logger = logging.getLogger(__name__)

_LONGEST_SLEEP_S = 60.0
"""How late a reminder may be where the clock was set, or the host slept."""


class Reminder:
    """Reminds of the halted release that occupies one environment.

    Args:
        store: the record; it alone says when the last reminder was.
        fence: of the environment.
        instruments: tell the time.
        first_after_s: how long after a halt the first reminder is due, in seconds.
    """

    def __init__(self, store: EventStore, fence: Fence, instruments: Instruments, first_after_s: float) -> None:
        self._store = store
        self._fence = fence
        self._instruments = instruments
        self._first_after_s = first_after_s
        self._place = EnvironmentFold(store, fence.environment)

    def look(self) -> float | None:
        """Remind where that is due; give in how many seconds to look again, ``None``: not before something happens."""
        while (state := self._occupant()) is not None and state.standstill is not None:
            now = self._instruments.now()
            ahead_s = (reminders.due(state.standstill, self._first_after_s) - now).total_seconds()
            if ahead_s > 0:
                return min(ahead_s, _LONGEST_SLEEP_S)
            self._remind(state, state.standstill, now)
        return None

    def _occupant(self) -> ReleaseState | None:
        name = self._fence.environment
        lock = self._place.present().lock
        return release.fold(self._store.read(ev.release_stream(name, lock.ticket))) if lock else None

    def _remind(self, state: ReleaseState, standstill: Standstill, now: dt.datetime) -> None:
        reminded = reminders.reminder(standstill, release.required_halt(state))
        new = NewEvent(self._instruments.new_id(), now, self._instruments.actor, reminded)
        stream = ev.release_stream(self._fence.environment, state.ticket)
        with contextlib.suppress(Conflict):  # somebody acted on the release at this moment: look at it again
            self._store.append([StreamWrite(stream, state.version, (new,))], self._fence)
            self._tell(state, reminded)

    def _tell(self, state: ReleaseState, reminded: ev.Reminded) -> None:
        place = {"environment": self._fence.environment, "ticket": state.ticket, "run": state.run}
        sentence = "ticket %s is halted and waits: releasectl status %s"
        logger.warning(sentence, state.ticket, state.ticket, extra=place | msgspec.to_builtins(reminded))
