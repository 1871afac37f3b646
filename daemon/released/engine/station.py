"""One environment as the daemon runs it: its world, its counter, its runner, and the eyes on it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from released.adapters.commands.scripts import Scripts
from released.adapters.docker.engine import DockerEngine
from released.adapters.git.checkout import Git
from released.domain import events as ev
from released.domain.configuration import Environment
from released.domain.environments import environment
from released.domain.environments.drift import Finding
from released.domain.ids import RequestId
from released.domain.releases import release
from released.domain.releases.plan import ServicePlan
from released.engine.admission import Admission
from released.engine.anchors import Anchors
from released.engine.answers import Answers
from released.engine.brought_back import back_with
from released.engine.deployed import deployed
from released.engine.desk import Desk
from released.engine.environment_fold import EnvironmentFold
from released.engine.faults import Faults
from released.engine.garbage import Garbage
from released.engine.holds import Holds
from released.engine.hook_desk import HookDesk
from released.engine.hook_runner import HookRunner
from released.engine.instruments import Instruments
from released.engine.ownership import Ownership
from released.engine.planner import Planner
from released.engine.record import EnvironmentRecord
from released.engine.return_to_main import ReturnToMain
from released.engine.supervisor import Supervisor
from released.engine.ticket_files import TicketFiles
from released.engine.watchdog import Watchdog
from released.phases.drift import findings
from released.phases.planning.reading import read_catalogue
from released.phases.world import World
from released.store.errors import STORE_ERRORS
from released.store.event_store import EventStore, Fence


@dataclass(frozen=True)
class Station:
    """Everything that serves one environment."""

    world: World
    store: EventStore
    fence: Fence
    ownership: Ownership
    planner: Planner
    desk: Desk
    admission: Admission
    holds: Holds
    garbage: Garbage
    place: EnvironmentFold
    supervisor: Supervisor
    watchdog: Watchdog
    hooks: HookDesk
    hook_runner: HookRunner
    files: TicketFiles
    anchors: Anchors
    returning: ReturnToMain
    instruments: Instruments

    @property
    def name(self) -> str:
        """The environment's name."""
        return self.world.name

    def events(self, ticket: str, after: int = 0) -> list[ev.Recorded]:
        """Read the record of a ticket."""
        return self.store.read(ev.release_stream(self.name, ticket), after)

    def release(self, ticket: str) -> release.ReleaseState:
        """Fold the record of a ticket."""
        return release.fold(self.events(ticket))

    def environment(self) -> environment.EnvironmentState:
        """Fold the record of the environment."""
        return self.place.present()

    def back_with(self) -> Mapping[str, str]:
        """Give each commit that a revert took away and a release brought back, with that release's ticket."""
        return back_with(self.store, self.name)

    def return_to_main(self, request_id: RequestId, reason: str, actor: ev.Actor) -> ev.ReturnStarted:
        """Go back from a hotfix branch; an end that cannot be recorded now is recorded once that is possible.

        Raises:
            ReleasedError: see ``ReturnToMain.go``, or what befell the store.
        """
        try:
            return self.returning.go(request_id, reason, actor)
        except STORE_ERRORS:
            self.supervisor.wake()
            raise

    def drift(self) -> list[Finding]:
        """Compare what runs with the manifests of the present commit and with the record.

        Raises:
            Refused: the manifests are wrong, or the engine does not answer.
        """
        return findings(self.world, self.services(), deployed(self.store, self.name))

    def services(self) -> list[ServicePlan]:
        """Read the services of the commit that is checked out.

        Raises:
            Refused: its manifests are wrong.
        """
        world = self.world
        prefix = world.variables().get("CONTAINER_PREFIX", "")
        catalogue = read_catalogue(world.git, world.settings, world.git.state().head, prefix)
        return sorted(catalogue.services.values(), key=lambda service: (service.priority, service.name))


def open_world(name: str, settings: Environment, state_dir: Path) -> World:
    """Put together what an environment acts on; nothing is touched yet."""
    return World(
        name=name,
        settings=settings,
        state_dir=state_dir,
        git=Git(
            settings.repo,
            settings.remote,
            settings.branch,
            ssh_command=settings.git.ssh_command,
            credential_file=settings.git.credential_file,
            allow_protocols=settings.git.allow_protocols,
        ),
        # Another daemon on the same engine may call one of its environments by the same name.
        engine=DockerEngine(settings.docker, owner=f"{state_dir}/{name}"),
        scripts=Scripts(),
    )


def open_station(
    world: World,
    ownership: Ownership,
    store: EventStore,
    fence: Fence,
    instruments: Instruments,
    faults: Faults,
    on_fatal: Callable[[BaseException], None],
) -> Station:
    """Put a station together; nothing runs before its supervisor is started."""
    answers, record = Answers(store, fence, ownership, world, instruments), EnvironmentRecord(store, world.name)
    planner = Planner(answers, record, world, instruments)
    returning = ReturnToMain(answers, store, fence, ownership, world, instruments, faults)
    supervisor = Supervisor(store, fence, ownership, world, instruments, faults, on_fatal, returning.complete)
    hook_runner = HookRunner(store, fence, ownership, world, instruments, faults, on_fatal)
    return Station(
        world=world,
        store=store,
        fence=fence,
        ownership=ownership,
        planner=planner,
        desk=Desk(answers, planner, record, world, instruments, faults, supervisor.wake),
        admission=Admission(answers, ownership, world),
        holds=Holds(answers, instruments),
        garbage=Garbage(answers, store, world, instruments),
        place=EnvironmentFold(store, world.name),
        supervisor=supervisor,
        watchdog=Watchdog(store, fence, instruments, world.settings.silence.after, world.state_dir, on_fatal),
        hooks=HookDesk(answers, store, world, instruments, hook_runner.wake),
        hook_runner=hook_runner,
        files=TicketFiles(store, world.name, world.root, world.settings.workspace),
        anchors=Anchors(store, world.name, world.git),
        returning=returning,
        instruments=instruments,
    )
