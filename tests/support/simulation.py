"""A small release in a simulated world, driven by the real supervisor, runner and journal, crashed at will.

A life is what one daemon does: it takes the lease, decides on what it finds unfinished, and drives the release until it
rests. At every place where it could die it leaves a moment: what a daemon that is killed there would leave behind, no
more. The next life begins from one of these. A killed daemon handles no error and runs no clean-up, nor does this.

Store and time are simulated as well: the store in memory keeps the contract of event stores, and a second goes by with
each event, whatever the wall clock says.
"""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import NamedTuple, NoReturn, cast

import msgspec

from released.adapters.docker.engine import DockerEngine
from released.adapters.git.checkout import Git
from released.adapters.interruption import Interruption
from released.domain import commands as cmd
from released.domain import events as ev
from released.domain.configuration import Environment
from released.domain.environments import environment
from released.domain.ids import Phase, RequestId, Sha, Ticket
from released.domain.releases import decide, lifecycle, release
from released.domain.releases.plan import Executable, ReleasePlan
from released.domain.revert.plan import RevertPlan
from released.engine.instruments import Instruments
from released.engine.ownership import Ownership
from released.engine.runner import Phases
from released.engine.selftest.unchallenged import Unchallenged
from released.engine.slots import attempt_folder
from released.engine.supervisor import Supervisor
from released.phases.effects import Step
from released.phases.world import World
from released.store.event_store import EventStore, Fence, NewEvent, StreamWrite
from released.store.memory_store import MemoryStore
from support.simulated_phases import MERGE, phases
from support.simulated_world import Death, SimulatedShims, SimulatedWorld

TICKET = Ticket("1234")
BASE = Sha("a" * 40)
NAME = "sim"
STREAM, PLACE = ev.release_stream(NAME, TICKET), ev.environment_stream(NAME)
_BEGIN = dt.datetime(2026, 5, 18, 15, 30, tzinfo=dt.UTC)
_SCRIPT = Executable("releases/1234-script.sh", "c" * 40)
KILL = ev.CancelRequested("request-kill", "wrong night", kill=True)
_NUMBERS = itertools.count(1)


class Place(NamedTuple):
    """Where a daemon may die: a fault point of a step, or right after an event was stored."""

    point: str
    subject: str


@dataclass(frozen=True)
class Moment:
    """All that outlives a daemon which dies at a place: the store, and the world."""

    place: Place
    store: MemoryStore
    acknowledged: tuple[ev.Recorded, ...]
    """What the store said it holds of the release."""
    world: SimulatedWorld
    origin: Simulation

    def after(self, death: Death, on_restart: str = "resume", *then: ev.Event) -> Simulation:
        """Let the daemon die here; the store and the world are copies, so that one life serves many deaths.

        Args:
            death: who dies.
            on_restart: what the configuration says about releases that are found unfinished.
            then: what the daemon still put on record, and did not act on.
        """
        world, origin = self.world.copy(), self.origin
        world.die(death)
        crashed = Simulation(origin.folder, origin.alter, world, self.store.copy(), on_restart)
        crashed.acknowledged = [*self.acknowledged]
        crashed.record(*then)
        return crashed


class Simulation:
    """One release in an environment of its own.

    Args:
        folder: for the checkout and the slots; may be shared by many.
        alter: changes each step, for negative controls.
        world: in which it plays.
        store: holds what is on record of it already; else a run was just accepted.
        on_restart: what the configuration says about releases that are found unfinished.
    """

    def __init__(
        self,
        folder: Path,
        alter: Callable[[Step], Step] = lambda step: step,
        world: SimulatedWorld | None = None,
        store: MemoryStore | None = None,
        on_restart: str = "resume",
    ) -> None:
        self.folder, self.alter, self.on_restart = folder, alter, on_restart
        self.world, self.store = world or SimulatedWorld(), store or MemoryStore()
        self.ownership: Ownership = Unchallenged()
        """Who else may want the environment."""
        self.engine: DockerEngine | None = None
        """The engine, for what no simulated step does."""
        self.acknowledged: list[ev.Recorded] = []
        """Every event of the release that the store said it holds."""
        self.moments: list[Moment] = []
        """Where the daemon that lived last could have died."""
        self.kill_at: Place | None = None
        """Where an operator has the present step killed."""
        self.meanwhile: Callable[[], None] = _nothing
        """What an operator does at each place, beside the daemon."""
        self._state_dir = folder / f"state-{next(_NUMBERS)}"
        self._state = release.ReleaseState()
        self._interruption = Interruption()
        self._instruments = Instruments(now=self._now, new_id=self._new_id, boot_id="boot")
        if store is None:
            self._request()

    def live(self) -> Simulation:
        """Let a new daemon live until the release rests: it recovers, then drives."""
        supervisor = self.daemon()
        supervisor._recover()
        supervisor._drive()
        return self

    def resume(self, from_phase: Phase | None = None, *then: ev.Event) -> Simulation:
        """Let an operator decide that a halted release goes on, then something else; a daemon drives it on."""
        self.go_on(from_phase, *then)
        self.daemon()._drive()
        return self

    def go_on(self, from_phase: Phase | None = None, *then: ev.Event) -> None:
        """Let an operator decide that a halted release goes on, then something else."""
        command = cmd.ResumeRun(TICKET, RequestId("request-2"), from_phase, "looked at it")
        self.record(*decide.resume(command, self.state, None), *then)

    def revert(self) -> Simulation:
        """Let an operator take the release back, or its revert; a daemon drives it."""
        supervisor = self.daemon()
        self.turn_back()
        self.reach("recorded", "revert_requested")
        supervisor._drive()
        return self

    def cancel(self, *, kill: bool) -> None:
        """Let an operator stop the release, or its present step as well."""
        self.record(*decide.cancel(cmd.Cancel(TICKET, RequestId("request-4"), "wrong night", kill), self.state))
        if kill:
            self._interruption.ask()

    def resolve(self, step: str, *, done: bool) -> None:
        """Let an operator settle a step that is in doubt."""
        command = cmd.Resolve(TICKET, RequestId("request-5"), step, done, "looked at it")
        self.record(*decide.resolve(command, self.state))

    def abandon(self) -> None:
        """Let an operator give the release up."""
        self._record_in_both(*decide.abandon(cmd.Abandon(TICKET, RequestId("request-6"), "never mind"), self.state))

    def record(self, *events: ev.Event) -> None:
        """Put events on record beside the daemon, as its desk does."""
        if events:
            decided = [(self._instruments.now(), event) for event in events]
            self.append([self._write(STREAM, decided, self.state.version)])

    def daemon(self) -> Supervisor:
        """Give a new daemon, which has taken the lease and not begun."""
        self.moments, self._interruption = [], Interruption()
        for step, attempt in (slot.rsplit("/", 1) for slot in self.world.processes):
            self.slot(step, int(attempt)).mkdir(parents=True, exist_ok=True)
        now, boot_id, actor = self._instruments.now(), self._instruments.boot_id, self._instruments.actor
        fence = self.store.take_lease(NAME, "host", 1, boot_id, "0", now, actor)
        store = cast("EventStore", _Acknowledging(self))
        supervisor = _Supervisor(
            store, fence, self.ownership, self._site(), self._instruments, self.reach, _no_fatal, _nothing
        )
        supervisor.phases_here = phases(self.world, self.reach, self.alter)
        return supervisor

    def reboot(self) -> None:
        """Let the host have another boot id from now on."""
        self._instruments = replace(self._instruments, boot_id="another boot")

    def slot(self, step: str, attempt: int = 1) -> Path:
        """Give the folder of an attempt of a step."""
        return self._state_dir / attempt_folder(NAME, TICKET, 1, step, attempt)

    def reach(self, point: str, subject: str) -> None:
        """Pass a place where the daemon could die."""
        place = Place(point, subject)
        if place == self.kill_at:
            self.kill_at = None
            self.record(KILL)
            self._interruption.ask()
        self.meanwhile()
        self.moments.append(Moment(place, self.store.copy(), tuple(self.acknowledged), self.world.copy(), self))

    def append(self, writes: Sequence[StreamWrite], fence: Fence | None = None) -> tuple[ev.Recorded, ...]:
        """Append for the daemon, and note what the store acknowledged."""
        recorded = self.store.append(writes, fence)
        self.acknowledged += [one for one in recorded if one.stream == STREAM]
        return recorded

    @property
    def events(self) -> list[ev.Recorded]:
        """What the store holds of the release."""
        return self.store.read(STREAM)

    @property
    def state(self) -> release.ReleaseState:
        """What the record says of the release."""
        self._state = release.fold(self.store.read(STREAM, after=self._state.version), self._state)
        return self._state

    @property
    def left_behind(self) -> bytes:
        """What the record and the world hold now, without ids and times: who begins from the same ends the same."""
        return msgspec.msgpack.encode(([one.event for one in self.events], self.world.held))

    @property
    def is_occupied(self) -> bool:
        """Whether the release holds the lock of its environment."""
        return environment.fold(self.store.read(PLACE)).lock is not None

    def _now(self) -> dt.datetime:
        return _BEGIN + dt.timedelta(seconds=self.store.head())

    def _new_id(self) -> str:
        return f"event-{next(_NUMBERS)}"

    def _request(self) -> None:
        """Accept a run."""
        plan = ReleasePlan(TICKET, BASE, BASE, MERGE, services=(), verified=(), scripts=(_SCRIPT,), verdicts=())
        requested = ev.RunRequested(1, "request-1", NAME, plan, ev.RunOptions())
        now = self._now()
        self.append([self._write(STREAM, [(now, requested)]), self._write(PLACE, [(now, ev.LockTaken(TICKET, 1))])])

    def turn_back(self) -> None:
        """Let an operator ask for the way back, or for the way back from that."""
        state, place = self.state, environment.fold(self.store.read(PLACE))
        undoes = state.status == lifecycle.REVERTED
        plan = RevertPlan(TICKET, 1, Sha(state.head), MERGE if undoes else BASE, services=(), undoes=undoes)
        self._record_in_both(*decide.revert(cmd.Revert(TICKET, RequestId("request-3")), plan, state, place))

    def _record_in_both(self, own: Sequence[ev.Event], shared: Sequence[ev.Event]) -> None:
        """Record events of the release and of its environment, all or none."""
        now, version = self._instruments.now(), len(self.store.read(PLACE))
        writes = [self._write(STREAM, [(now, event) for event in own], self.state.version)]
        if shared:
            writes.append(self._write(PLACE, [(now, event) for event in shared], version))
        self.append(writes)

    def _write(self, stream: str, events: list[tuple[dt.datetime, ev.Event]], version: int = 0) -> StreamWrite:
        new_id, actor = self._instruments.new_id, self._instruments.actor
        return StreamWrite(stream, version, tuple(NewEvent(new_id(), at, actor, event) for at, event in events))

    def _site(self) -> World:
        return World(
            name=NAME,
            settings=_settings(self.folder, self.on_restart),
            state_dir=self._state_dir,
            git=cast("Git", None),
            engine=cast("DockerEngine", self.engine),
            scripts=SimulatedShims(self.world, self.reach),
            interruption=self._interruption,
        )


class _Supervisor(Supervisor):
    """Acts on simulated phases, in the caller's thread."""

    phases_here: Phases

    def _phases(self) -> Phases:
        return self.phases_here


class _Acknowledging:
    """The store of one daemon; it may die before it hears that its events are stored."""

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation
        self.read = simulation.store.read
        self.version = simulation.store.version

    def append(self, writes: Sequence[StreamWrite], fence: Fence | None = None) -> tuple[ev.Recorded, ...]:
        recorded = self._simulation.append(writes, fence)
        last = writes[0].events[-1].event
        if not isinstance(last, ev.StepStarted):  # that place has the name after-intent
            self._simulation.reach("recorded", lifecycle.trigger_of(last))
        return recorded


@cache
def _settings(folder: Path, on_restart: str) -> Environment:
    return Environment.model_validate({"repo": str(folder), "recovery": {"on_restart": on_restart}})


def _nothing() -> None:
    """Find no checkout that is on its way back; do nothing beside the daemon."""


def _no_fatal(error: BaseException) -> NoReturn:
    raise AssertionError("the supervisor gave up") from error
