"""Replaces a service's containers through Compose, forward and back: what it consists of, and the replacement."""

from __future__ import annotations

from collections.abc import Callable

from released.adapters.commands.scripts import Command, Exit
from released.adapters.docker.compose import ComposeProject
from released.domain import events as ev
from released.domain.errors import StepFailed
from released.domain.failure import Failure
from released.domain.ids import Phase
from released.domain.releases.plan import ServicePlan
from released.domain.releases.release import ReleaseState
from released.domain.releases.steps import Recovery
from released.phases.effects import Done, Fate, Harmless, NotDone, Process, Slot
from released.phases.ownership import refuse_strangers
from released.phases.projects import compose_project, project_of
from released.phases.settling import own_containers, settle_leftovers
from released.phases.world import World

_COMPOSE_IDLE_S = 600.0
"""Longest silence of Compose while it pulls, builds or recreates: a hung registry must not hold a release for ever."""


class Composer:
    """Compose for the services of one release in one phase.

    Args:
        world: the environment.
        state: the release.
        phase: in which its steps stand: what Compose made of a service is looked up among that phase's results.
        variables: what Compose is told of a service over what ``.env`` says.
    """

    def __init__(
        self,
        world: World,
        state: ReleaseState,
        phase: Phase,
        variables: Callable[[ServicePlan], dict[str, str]] = lambda _: {},
    ) -> None:
        self._world = world
        self._state = state
        self._phase = phase
        self._variables = variables

    def read(self, service: ServicePlan) -> Harmless:
        """Ask Compose what the service consists of; one that it knows nothing of is source drift."""

        def act(slot: Slot) -> ev.Composed:
            if service.compose_file is None:
                raise StepFailed(_source_drift(service, "it has no Compose file"))
            compose, world = self._world.compose, self._world
            project = compose_project(world, service, project_of(world, service, self._known_project(service)))
            model = compose.config(project, self._environment(service), world.interruption, world.mask)
            started = [one for one in model.services if not one.profiles]
            if not started:
                raise StepFailed(_source_drift(service, f"{service.compose_file} defines no containers"))
            names = tuple(one.name for one in started)
            previous = tuple(one.id for one in own_containers(world, project.name, names))
            slot.say(f"project {project.name}: {', '.join(names)} ({compose.name} {compose.version})")
            given = tuple(one.container_name for one in started if one.container_name)
            return ev.Composed(service.name, project.name, compose.name, names, previous, given)

        return Harmless(act)

    def get_images(
        self, service: ServicePlan, failed: Callable[[Exit, str], Failure], conclude: Callable[[], ev.Result]
    ) -> Process:
        """Pull the service's images, or build them."""
        builds = service.image is not None and service.image.build
        argv = self._world.compose.build if builds else self._world.compose.pull
        return self._process(service, argv, failed, conclude, Recovery.REPEAT)

    def recreate(self, service: ServicePlan) -> Process:
        """Replace the service's containers; which stood before is on record, so that it can be seen afterwards."""

        def conclude() -> ev.Recreated:
            containers = self._replaced(service)
            if containers is None:
                raise StepFailed(
                    Failure(
                        "not_recreated",
                        f"Compose ended without an error, but the containers of {service.name} are the old ones.",
                    )
                )
            return ev.Recreated(service.name, containers)

        def observe() -> Fate:
            self._settle_leftovers(service)
            containers = self._replaced(service)
            is_whole = containers is not None and self._has_every_one(service)
            return Done(ev.Recreated(service.name, containers)) if containers and is_whole else NotDone()

        def failed(ended: Exit, output: str) -> Failure:
            message = f"The containers of {service.name} could not be recreated: {why(ended, output)}"
            return Failure("recreate_failed", message, ended.rc, output)

        def recreate(project: ComposeProject, names: tuple[str, ...]) -> list[str]:
            refuse_strangers(self._world, self._composed(service).container_names, (project.name,))
            self._settle_leftovers(service)
            return self._world.compose.recreate(project, names)

        return self._process(service, recreate, failed, conclude, Recovery.OBSERVE, observe)

    def starts(self, service: ServicePlan, compose_service: str | None) -> bool:
        """Tell whether Compose starts one of its services by itself; one of which nothing is known counts."""
        return compose_service is None or compose_service in self._composed(service).compose_services

    def _known_project(self, service: ServicePlan) -> str:
        kept = self._state.results(ev.ImagesKept, Phase.PREPARE)
        return next((one.project for one in kept if one.service == service.name), "")

    def _settle_leftovers(self, service: ServicePlan) -> None:
        """Let Compose meet one container per name, or it replaces the wrong one after an attempt that was cut off."""
        composed = self._composed(service)
        settle_leftovers(self._world, composed.project, composed.compose_services, composed.previous)

    def _has_every_one(self, service: ServicePlan) -> bool:
        """Tell whether each Compose service has a container: Compose may have died before it came to the last."""
        composed = self._composed(service)
        found = own_containers(self._world, composed.project, composed.compose_services)
        return {one.service for one in found} == set(composed.compose_services)

    def _replaced(self, service: ServicePlan) -> dict[str, str] | None:
        """Give the service's containers by name where they are new ones and were started."""
        composed = self._composed(service)
        found = own_containers(self._world, composed.project, composed.compose_services)
        replaced = found and not any(one.id in composed.previous or one.state == "created" for one in found)
        return {one.name: one.id for one in found} if replaced else None

    def _composed(self, service: ServicePlan) -> ev.Composed:
        """Give what was found out in this phase of what the service consists of."""
        found = self._state.results(ev.Composed, self._phase)
        return next(one for one in found if one.service == service.name)

    def _environment(self, service: ServicePlan) -> dict[str, str]:
        return self._world.command_environment(self._variables(service))

    def _process(
        self,
        service: ServicePlan,
        argv: Callable[[ComposeProject, tuple[str, ...]], list[str]],
        failed: Callable[[Exit, str], Failure],
        conclude: Callable[[], ev.Result],
        recovery: Recovery,
        observe: Callable[[], Fate] | None = None,
    ) -> Process:
        """Run Compose for the service under the shim; its effect reaches the engine's disk before its outcome."""

        def command() -> Command:
            composed = self._composed(service)
            project = compose_project(self._world, service, composed.project)
            return Command(
                argv=tuple(argv(project, composed.compose_services)),
                cwd=self._world.root / service.folder,
                env=self._environment(service),
                idle_s=_COMPOSE_IDLE_S,
                secrets=self._world.secrets(),
                durable_in=(self._world.engine.data_root(),),
            )

        return Process(self._world.scripts, command, failed, conclude, recovery=recovery, observe=observe)


def _source_drift(service: ServicePlan, why: str) -> Failure:
    return Failure(
        "source_drift",
        f"{service.name} is affected by this release, but no step can be made for it: {why}. "
        "The source of the service and its deployment do not agree; correct the ops repo, then resume from prepare.",
    )


def why(ended: Exit, output: str) -> str:
    """Say in Compose's last words why it failed."""
    if ended.stopped_by:
        return f"it printed nothing for {_COMPOSE_IDLE_S:g} s and was stopped."
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return lines[-1].rstrip(".") + "." if lines else "it printed nothing."
