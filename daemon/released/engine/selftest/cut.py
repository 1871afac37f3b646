"""Cuts a recorded release after each of its events, and has the daemon recover from that on a simulated world."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import NamedTuple, cast

from released.adapters.commands.scripts import Scripts
from released.adapters.docker.engine import DockerEngine
from released.adapters.git.checkout import Git
from released.domain import events as ev
from released.domain.configuration import Environment
from released.domain.ids import Ticket
from released.domain.releases import recovery, release
from released.domain.releases.release import ReleaseState
from released.domain.releases.steps import Recovery
from released.engine.faults import nothing
from released.engine.instruments import Instruments
from released.engine.journal import Journal
from released.engine.runner import Runner
from released.engine.selftest.recorded_steps import Cutoff, RecordedSteps, RecordedWorld
from released.engine.selftest.unchallenged import Unchallenged
from released.phases.world import World
from released.store.event_store import EventStore, NewEvent, StreamWrite
from released.store.memory_store import MemoryStore
from released.store.release_folds import names_in

_OPENS = ev.RunRequested | ev.Adopted | ev.RevertRequested
"""Where a run, or its way back, begins."""
_REBOOTED = "another boot"
_NO_LIMIT_S = float("inf")


class Life(NamedTuple):
    """A daemon that was started on a history which ends after an event."""

    version: int
    """Of the last event."""
    cutoff: Cutoff | None
    """What became of the step under way; ``None`` where none was."""


class Finding(NamedTuple):
    """Something that recovery must not do."""

    stream: str
    life: Life
    message: str


def cut_everywhere(stream: str, events: Sequence[ev.Recorded], folder: Path) -> Iterator[tuple[Life, Finding | None]]:
    """Start a daemon on each beginning of a release's history, and judge what it does.

    Args:
        stream: the release's.
        events: all of it.
        folder: an empty one; nothing is written to it.
    """
    state = release.ReleaseState()
    for number, recorded in enumerate(events, start=1):
        state = release.evolve(state, recorded)
        for cutoff in _cutoffs(state):
            life = Life(recorded.version, cutoff)
            complaint = _Restart(stream, events, number, state, cutoff, folder).complaint()
            yield life, Finding(stream, life, complaint) if complaint else None


def _cutoffs(state: ReleaseState) -> Sequence[Cutoff | None]:
    """List what may have become of the step under way; a release that rests is looked at as well."""
    step = state.current_step if state.is_running else None
    if step is None:
        return (None,)
    return tuple(Cutoff) if step.recovery == Recovery.ASK else (Cutoff.BEFORE, Cutoff.AFTER)


class _Restart:
    """One daemon that is started on the beginning of a history."""

    def __init__(
        self,
        stream: str,
        events: Sequence[ev.Recorded],
        number: int,
        state: ReleaseState,
        cutoff: Cutoff | None,
        folder: Path,
    ) -> None:
        self._stream = stream
        self._environment, self._ticket = names_in(stream)
        self._before = state
        self._cutoff = cutoff
        self._folder = folder
        self._world = _world_at(state, cutoff)
        self._steps = RecordedSteps(_way(events, number), self._world)
        self._store = MemoryStore.holding(stream, events[:number])
        self._instruments = _instruments(events[number - 1], state, cutoff)

    def complaint(self) -> str:
        """Let the daemon live until the release rests; say what is wrong with that, "" where nothing is."""
        try:
            after = self._live()
        except Exception as error:  # noqa: BLE001 (whatever it is, a daemon that starts on this record would meet it)
            return f"the daemon meets an unexpected {type(error).__name__}: {error}"
        return self._judged(after)

    def _live(self) -> ReleaseState:
        self._occupy()
        actor, now = self._instruments.actor, self._instruments.now()
        fence = self._store.take_lease(self._environment, "host", 1, self._instruments.boot_id, "0", now, actor)
        journal = Journal(cast("EventStore", self._store), fence, Ticket(self._ticket), self._instruments)
        if journal.state.is_running:
            self._recover(journal)
            self._runner(journal).drive()
        return journal.state

    def _recover(self, journal: Journal) -> None:
        if self._instruments.boot_id == _REBOOTED:
            journal.commit(ev.Reconciled(_REBOOTED))
        now, boot_id = self._instruments.now(), self._instruments.boot_id
        journal.commit(recovery.decide(journal.state, now, boot_id, resume=True, resume_within_s=_NO_LIMIT_S))

    def _runner(self, journal: Journal) -> Runner:
        return Runner(
            journal,
            self._steps.phases(),
            Unchallenged(),
            self._nowhere(),
            self._instruments.boot_id,
            nothing,
            lambda: False,
            lambda _world, _state, halted: halted,
        )

    def _occupy(self) -> None:
        """Have the environment occupied, as it was."""
        if self._before.occupies:
            taken = ev.LockTaken(Ticket(self._ticket), self._before.run)
            new = NewEvent("occupied", self._instruments.now(), self._instruments.actor, taken)
            self._store.append([StreamWrite(ev.environment_stream(self._environment), 0, (new,))])

    def _nowhere(self) -> World:
        """Give a world without anything in it: whoever asks it for git or the engine is wrong to."""
        settings = Environment.model_validate({"repo": str(self._folder)})
        no_git, no_engine = cast("Git", None), cast("DockerEngine", None)
        return World(self._environment, settings, self._folder, no_git, no_engine, Scripts())

    def _judged(self, after: ReleaseState) -> str:
        if self._world.repeated:
            return f"{', '.join(self._world.repeated)} is done twice"
        if after.is_running:
            return f"the release does not come to rest: it is {after.status}"
        if not self._before.is_running and after.version != self._before.version:
            return f"a release that was {self._before.status} goes on by itself"
        in_doubt = self._before.is_running and after.halt is not None and after.halt.cause == "in_doubt"
        if in_doubt != (self._cutoff is Cutoff.LOST):
            return "what cannot be known is not said to be in doubt" if not in_doubt else "it is in doubt without need"
        return ""


def _world_at(state: ReleaseState, cutoff: Cutoff | None) -> RecordedWorld:
    """Give the world as the daemon left it."""
    world = RecordedWorld({name for name, step in state.steps.items() if step.status == "succeeded"})
    step = state.current_step
    if step is not None and cutoff is Cutoff.AFTER:
        world.done.add(step.name)
    if step is not None and cutoff is Cutoff.LOST:
        world.lost = step.name
    return world


def _way(events: Sequence[ev.Recorded], number: int) -> Sequence[ev.Recorded]:
    """Give the run, or the way back, that an event belongs to: all of it."""
    begin = max((at for at in range(number) if isinstance(events[at].event, _OPENS)), default=0)
    end = next((at for at in range(number, len(events)) if isinstance(events[at].event, _OPENS)), len(events))
    return events[begin:end]


def _instruments(last: ev.Recorded, state: ReleaseState, cutoff: Cutoff | None) -> Instruments:
    """Give a clock that goes on from the last event, and the boot id of a host that still runs, or was restarted."""
    seconds, numbers = count(1), count(1)
    return Instruments(
        now=lambda: last.at + dt.timedelta(seconds=next(seconds)),
        new_id=lambda: f"selftest-{next(numbers)}",
        boot_id=_REBOOTED if cutoff is Cutoff.LOST else state.boot_id or "boot",
    )
