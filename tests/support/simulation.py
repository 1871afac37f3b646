"""A small release in a simulated world, driven by the real supervisor, runner, journal and store, crashed at will.

A life is what one daemon does: it takes the lease, decides on what it finds unfinished, and drives the release until it
rests. At every place where it could die it leaves a moment: what a daemon that is killed there would leave behind, no
more. The next life begins from one of these. A killed daemon handles no error and runs no clean-up, nor does this.
"""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, NoReturn, cast

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
from released.engine.runner import Phases
from released.engine.slots import attempt_folder
from released.engine.supervisor import Supervisor
from released.phases.effects import Step
from released.phases.world import World
from released.store.event_store import EventStore, Fence, NewEvent, StreamWrite
from support.simulated_phases import MERGE, phases
from support.simulated_world import Death, SimulatedShims, SimulatedWorld
from support.unchallenged import Unchallenged

TICKET = Ticket("1234")
BASE = Sha("a" * 40)
_SCRIPT = Executable("releases/1234-script.sh", "c" * 40)
KILL = ev.CancelRequested("request-kill", "wrong night", kill=True)
_NUMBERS = itertools.count(1)


class Place(NamedTuple):
    """Where a daemon may die: a fault point of a step, or right after an event was stored."""

    point: str
    subject: str


@dataclass(frozen=True)
class Moment:
    """All that outlives a daemon which dies at a place: what the store acknowledged, and the world."""

    place: Place
    record: tuple[ev.Recorded, ...]
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
        crashed = Simulation(origin.store, origin.folder, origin.alter, world, self.record, on_restart)
        crashed.record(*then)
        return crashed


class Simulation:
    """One release in an environment of its own.

    Args:
        store: may be shared by many.
        folder: for the checkout and the slots; may be shared, too.
        alter: changes each step, for negative controls.
        world: in which it plays.
        record: what is on record of it already; else a run was just accepted.
        on_restart: what the configuration says about releases that are found unfinished.
    """

    def __init__(
        self,
        store: EventStore,
        folder: Path,
        alter: Callable[[Step], Step] = lambda step: step,
        world: SimulatedWorld | None = None,
        record: Sequence[ev.Recorded] = (),
        on_restart: str = "resume",
    ) -> None:
        self.store, self.folder, self.alter = store, folder, alter
        self.world = world or SimulatedWorld()
        self.on_restart = on_restart
        self.engine: DockerEngine | None = None
        """The engine, for what no simulated step does."""
        self.name = f"sim{next(_NUMBERS)}"
        self.acknowledged: list[ev.Recorded] = []
        """Every event of the release that the store said it holds."""
        self.moments: list[Moment] = []
        """Where the daemon that lived last could have died."""
        self.kill_at: Place | None = None
        """Where an operator has the present step killed."""
        self._interruption = Interruption()
        self._read: list[ev.Recorded] | None = None
        self._instruments = Instruments(boot_id="boot")
        self._stream, self._place = ev.release_stream(self.name, TICKET), ev.environment_stream(self.name)
        self._begin([(one.at, one.event) for one in record] or [(self._instruments.now(), self._requested())])

    def live(self) -> Simulation:
        """Let a new daemon live until the release rests: it recovers, then drives."""
        supervisor = self.daemon()
        supervisor._recover()
        supervisor._drive()
        return self

    def resume(self, from_phase: Phase | None = None, *then: ev.Event) -> Simulation:
        """Let an operator decide that a halted release goes on, then something else; a daemon drives it on."""
        command = cmd.ResumeRun(TICKET, RequestId("request-2"), from_phase, "looked at it")
        self.record(*decide.resume(command, self.state, None), *then)
        self.daemon()._drive()
        return self

    def revert(self) -> Simulation:
        """Let an operator take the release back, or its revert; a daemon drives it."""
        supervisor = self.daemon()
        self._turn_back()
        self.reach("recorded", "revert_requested")
        supervisor._drive()
        return self

    def record(self, *events: ev.Event) -> None:
        """Put events on record beside the daemon, as its desk does."""
        if events:
            decided = [(self._instruments.now(), event) for event in events]
            self.append([self._write(self._stream, decided, self.state.version)])

    def daemon(self) -> Supervisor:
        """Give a new daemon, which has taken the lease and not begun."""
        self.moments, self._interruption = [], Interruption()
        now, boot_id, actor = self._instruments.now(), self._instruments.boot_id, self._instruments.actor
        fence = self.store.take_lease(self.name, "host", 1, boot_id, "0", now, actor)
        store = cast("EventStore", _Acknowledging(self))
        supervisor = _Supervisor(
            store, fence, Unchallenged(), self._site(), self._instruments, self.reach, _no_fatal, _nothing
        )
        supervisor.phases_here = phases(self.world, self.reach, self.alter)
        return supervisor

    def slot(self, step: str, attempt: int = 1) -> Path:
        """Give the folder of an attempt of a step."""
        return self.folder / "state" / attempt_folder(self.name, TICKET, 1, step, attempt)

    def reach(self, point: str, subject: str) -> None:
        """Pass a place where the daemon could die."""
        place = Place(point, subject)
        if place == self.kill_at:
            self.kill_at = None
            self.record(KILL)
            self._interruption.ask()
        self.moments.append(Moment(place, tuple(self.acknowledged), self.world.copy(), self))

    def append(self, writes: Sequence[StreamWrite], fence: Fence | None = None) -> tuple[ev.Recorded, ...]:
        """Append for the daemon, and note what the store acknowledged."""
        self._read = None
        recorded = self.store.append(writes, fence)
        self.acknowledged += [one for one in recorded if one.stream == self._stream]
        return recorded

    @property
    def events(self) -> list[ev.Recorded]:
        """What the store holds of the release."""
        if self._read is None:
            self._read = self.store.read(self._stream)
        return self._read

    @property
    def state(self) -> release.ReleaseState:
        """What the record says of the release."""
        return release.fold(self.events)

    @property
    def is_occupied(self) -> bool:
        """Whether the release holds the lock of its environment."""
        return environment.fold(self.store.read(self._place)).lock is not None

    def _begin(self, events: list[tuple[dt.datetime, ev.Event]]) -> None:
        """Put on record what there is already, with the lock that goes with it, and make the slots that were used."""
        self.append([self._write(self._stream, events), self._write(self._place, [*_locks(events)])])
        for step, attempt in (slot.rsplit("/", 1) for slot in self.world.processes):
            self.slot(step, int(attempt)).mkdir(parents=True, exist_ok=True)

    def _turn_back(self) -> None:
        state, place = self.state, environment.fold(self.store.read(self._place))
        undoes = state.status == lifecycle.REVERTED
        plan = RevertPlan(TICKET, 1, Sha(state.head), MERGE if undoes else BASE, services=(), undoes=undoes)
        own, shared = decide.revert(cmd.Revert(TICKET, RequestId("request-3")), plan, state, place)
        now = self._instruments.now()
        writes = [self._write(self._stream, [(now, event) for event in own], state.version)]
        if shared:
            writes.append(self._write(self._place, [(now, event) for event in shared], place.version))
        self.append(writes)

    def _write(self, stream: str, events: list[tuple[dt.datetime, ev.Event]], version: int = 0) -> StreamWrite:
        new_id, actor = self._instruments.new_id, self._instruments.actor
        return StreamWrite(stream, version, tuple(NewEvent(new_id(), at, actor, event) for at, event in events))

    def _requested(self) -> ev.RunRequested:
        plan = ReleasePlan(TICKET, BASE, BASE, MERGE, services=(), verified=(), scripts=(_SCRIPT,), verdicts=())
        return ev.RunRequested(1, "request-1", self.name, plan, ev.RunOptions())

    def _site(self) -> World:
        settings = {
            "repo": str(self.folder),
            "workspace": self.name,
            "recovery": {"on_restart": self.on_restart},
        }
        return World(
            name=self.name,
            settings=Environment.model_validate(settings),
            state_dir=self.folder / "state",
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

    def append(self, writes: Sequence[StreamWrite], fence: Fence | None = None) -> tuple[ev.Recorded, ...]:
        recorded = self._simulation.append(writes, fence)
        last = writes[0].events[-1].event
        if not isinstance(last, ev.StepStarted):  # that place has the name after-intent
            self._simulation.reach("recorded", lifecycle.trigger_of(last))
        return recorded


def _locks(events: list[tuple[dt.datetime, ev.Event]]) -> Iterator[tuple[dt.datetime, ev.Event]]:
    """Give the events of the lock that went with those of a release."""
    is_held = False
    for at, event in events:
        match event:
            case ev.RunRequested() | ev.RevertRequested() if not is_held:
                is_held = True
                yield at, ev.LockTaken(TICKET, 1)
            case ev.Released() | ev.Reverted() | ev.RevertUndone():
                is_held = False
                yield at, ev.LockFreed(TICKET, 1)
            case _:
                pass


def _nothing() -> None:
    """Find no checkout that is on its way back."""


def _no_fatal(error: BaseException) -> NoReturn:
    raise AssertionError("the supervisor gave up") from error
