"""Notices a release that is under way and neither records nor prints anything for longer than it should take.

A thread of its own per environment, because the one that drives the release may be what hangs. Time is counted on the
monotonic clock, from when this daemon saw the last sign of life: a wall clock that is set makes no release silent.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from released.domain import events as ev
from released.domain.releases import release, silence
from released.domain.releases.release import ReleaseState
from released.engine.environment_fold import EnvironmentFold
from released.engine.instruments import Instruments
from released.engine.slots import attempt_folder
from released.store.errors import Conflict, StoreBusy, StoreFull, StoreStopped
from released.store.event_store import EventStore, Fence, NewEvent, StreamWrite

logger = logging.getLogger(__name__)

_LOOK_S = 10.0
"""How late it may be noticed."""


class Watchdog:
    """Watches the release that occupies one environment.

    Args:
        store: the record.
        fence: of the environment.
        instruments: tell the time of the event.
        after_s: how long beyond what its step may take a release may record and print nothing, in seconds.
        state_dir: where the output of steps lies.
        on_fatal: called with what ends the watch before its time.
        monotonic: a clock that is never set.
    """

    def __init__(
        self,
        store: EventStore,
        fence: Fence,
        instruments: Instruments,
        after_s: float,
        state_dir: Path,
        on_fatal: Callable[[BaseException], None],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._fence = fence
        self._instruments = instruments
        self._after_s = after_s
        self._state_dir = state_dir
        self._on_fatal = on_fatal
        self._monotonic = monotonic
        self._place = EnvironmentFold(store, fence.environment)
        self._release = ReleaseState()
        self._seen: object = None
        self._seen_at = 0.0
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"watchdog-{fence.environment}", daemon=True)

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def stop(self) -> None:
        """Look no more."""
        self._stopping.set()

    def look(self) -> float:
        """Say where a release has been silent for too long; give in how many seconds to look again."""
        state = self._occupant()
        if state is None or not state.is_running or state.silence is not None:
            return min(self._after_s, _LOOK_S)
        limit_s = silence.limit_s(state.current_step, self._after_s)
        left_s = limit_s - self._silent_s(state)
        if left_s <= 0:
            self._tell(state, limit_s)
        return min(left_s if left_s > 0 else self._after_s, _LOOK_S)

    def _run(self) -> None:
        try:
            while not self._stopping.wait(self._look_patiently()):
                pass
        except StoreStopped:
            logger.info("%s: nobody watches for silence until the next start", self._fence.environment)
        except BaseException as error:  # noqa: BLE001 (whatever it is: nobody would notice a hang any more)
            self._on_fatal(error)

    def _look_patiently(self) -> float:
        try:
            return self.look()
        except (StoreFull, StoreBusy) as error:
            logger.error("%s: %s", self._fence.environment, error)  # noqa: TRY400 (the sentence says all)
            return _LOOK_S

    def _occupant(self) -> ReleaseState | None:
        name = self._fence.environment
        lock = self._place.present().lock
        if lock is None:
            return None
        known = self._release if self._release.ticket == lock.ticket else ReleaseState()
        self._release = release.fold(self._store.read(ev.release_stream(name, lock.ticket), known.version), known)
        return self._release

    def _silent_s(self, state: ReleaseState) -> float:
        last = (state.ticket, state.run, state.changed_at, self._printed_bytes(state))
        if last != self._seen:
            self._seen, self._seen_at = last, self._monotonic()
        return self._monotonic() - self._seen_at

    def _printed_bytes(self, state: ReleaseState) -> int:
        """Measure what the present step has printed: a build may take long, and is no hang while it talks."""
        step = state.current_step
        if step is None:
            return 0
        slot = attempt_folder(self._fence.environment, state.ticket, state.run, step.name, step.attempt)
        output = self._state_dir / slot / "output"
        return output.stat().st_size if output.exists() else 0

    def _tell(self, state: ReleaseState, limit_s: float) -> None:
        now, step = self._instruments.now(), state.current_step
        silent = ev.FellSilent(state.changed_at or now, limit_s, step.name if step else None)
        new = NewEvent(self._instruments.new_id(), now, self._instruments.actor, silent)
        stream = ev.release_stream(self._fence.environment, state.ticket)
        with contextlib.suppress(Conflict):  # it recorded something at this moment
            self._store.append([StreamWrite(stream, state.version, (new,))], self._fence)
            place = {"environment": self._fence.environment, "ticket": state.ticket, "run": state.run}
            sentence = "ticket %s is under way and records nothing: releasectl diagnose %s"
            logger.warning(sentence, state.ticket, state.ticket, extra=place | msgspec.to_builtins(silent))
