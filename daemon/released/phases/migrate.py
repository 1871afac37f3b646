"""migrate: bring each affected service to its new image, one after the other (spec: migrate).

Every image is pulled or built before anything is stopped; then, service by service in start order, its hooks run and
its containers, and no others, are replaced and waited for.
"""

from __future__ import annotations

from collections.abc import Callable

from released.adapters.commands.scripts import Command, Exit
from released.adapters.docker.compose import ComposeProject
from released.adapters.durability import rewrite_durably, sync_engine_data
from released.domain import dotenv
from released.domain import events as ev
from released.domain.errors import StepFailed
from released.domain.failure import Failure
from released.domain.ids import Phase
from released.domain.plan import Executable, ServicePlan
from released.domain.release import ReleaseState, required
from released.domain.steps import Recovery
from released.phases.checkout import at_merge
from released.phases.effects import Done, Fate, Harmless, NotDone, Process, Slot, Step
from released.phases.executables import executable_step
from released.phases.health import wait_healthy
from released.phases.projects import compose_project, project_of
from released.phases.world import World

_COMPOSE_IDLE_S = 600.0
"""Longest silence of Compose while it pulls, builds or recreates: a hung registry must not hold a release for ever."""


def steps(world: World, state: ReleaseState) -> list[Step]:
    """Read each service's Compose file, get every image, then recreate service by service."""
    services = required(state.plan).services
    if not services:
        return []
    return [
        at_merge(world, state, Phase.MIGRATE),
        *(Step(f"{service.name}.compose", _read_compose(world, service)) for service in services),
        *(_image_step(world, state, service) for service in services),
        *(step for service in services for step in _recreation(world, state, service)),
    ]


def _recreation(world: World, state: ReleaseState, service: ServicePlan) -> list[Step]:
    def hooks(executables: tuple[Executable, ...]) -> list[Step]:
        return [executable_step(world, state, f"{service.name}.{hook.name}", hook) for hook in executables]

    pins = service.image is not None and service.image.env_var is not None
    return [
        *hooks(service.pre_start_init),
        Step(f"{service.name}.recreate", _recreate(world, state, service)),
        Step(f"{service.name}.healthy", Harmless(lambda slot: wait_healthy(world, service, slot))),
        *([Step(f"{service.name}.pin-tag", _pin_tag(world, service))] if pins else []),
        *hooks(service.post_start_init),
        *hooks(service.ensure_config),
    ]


# --- what Compose makes of the service ---------------------------------------------------------------------------


def _read_compose(world: World, service: ServicePlan) -> Harmless:
    """Ask Compose what the service consists of; one that it knows nothing of is source drift."""

    def act(slot: Slot) -> ev.Composed:
        if service.compose_file is None:
            raise StepFailed(_source_drift(service, "it has no Compose file"))
        project = compose_project(world, service, project_of(world, service))
        model = world.compose.config(project, _environment(world, service), world.mask)
        names = tuple(one.name for one in model.services if not one.profiles)
        if not names:
            raise StepFailed(_source_drift(service, f"{service.compose_file} defines no containers"))
        previous = tuple(one.id for one in world.engine.containers_of(project.name, names))
        slot.say(f"project {project.name}: {', '.join(names)} ({world.compose.name} {world.compose.version})")
        return ev.Composed(service.name, project.name, world.compose.name, names, previous)

    return Harmless(act)


def _source_drift(service: ServicePlan, why: str) -> Failure:
    return Failure(
        "source_drift",
        f"{service.name} is affected by this release, but no step can be made for it: {why}. "
        "The source of the service and its deployment do not agree; correct the ops repo, then resume from prepare.",
    )


def _environment(world: World, service: ServicePlan) -> dict[str, str]:
    """Hand the manifest's tag to Compose, over what ``.env`` says (spec: The ops repo)."""
    image = service.image
    return world.command_environment({image.env_var: image.tag} if image and image.env_var else {})


def _composed(state: ReleaseState, service: ServicePlan) -> ev.Composed:
    """Give what ``<service>.compose`` found out in this phase."""
    return next(found for found in state.results(ev.Composed) if found.service == service.name)


def _compose_process(
    world: World,
    state: ReleaseState,
    service: ServicePlan,
    argv: Callable[[ComposeProject, tuple[str, ...]], list[str]],
    failed: Callable[[Exit, str], Failure],
    conclude: Callable[[], ev.Result],
    recovery: Recovery,
    observe: Callable[[], Fate] | None = None,
) -> Process:
    """Run Compose for the service under the shim; its effect reaches the engine's disk before its outcome."""

    def command() -> Command:
        composed = _composed(state, service)
        project = compose_project(world, service, composed.project)
        return Command(
            argv=tuple(argv(project, composed.compose_services)),
            cwd=world.root / service.folder,
            env=_environment(world, service),
            idle_s=_COMPOSE_IDLE_S,
            secrets=world.secrets(),
        )

    return Process(
        world.scripts,
        command,
        failed,
        conclude,
        recovery=recovery,
        durable=lambda: sync_engine_data(world.engine.data_root()),
        observe=observe,
    )


# --- images ------------------------------------------------------------------------------------------------------


def _image_step(world: World, state: ReleaseState, service: ServicePlan) -> Step:
    """Pull the service's images, or build them, while the old containers still serve."""
    image = service.image
    reference = image.reference if image else ""
    builds = image is not None and image.build

    def failed(ended: Exit, output: str) -> Failure:
        said = _why(ended, output)
        verb, code = ("build", "image_build_failed") if builds else ("pull", "image_pull_failed")
        wanted = reference or f"the images of {service.name}"
        mend = "its sources" if builds else "the tag in the manifest, or the registry's access"
        message = (
            f"The {verb} of {wanted} ({service.name}) failed: {said} Nothing was stopped. Correct {mend}, then resume."
        )
        return Failure(code, message, ended.rc, output)

    def conclude() -> ev.ImageReady:
        image_id = (world.engine.image_id(reference) or "") if reference else ""
        return ev.ImageReady(
            service.name, reference, image_id, world.engine.image_digests(reference) if image_id else ()
        )

    compose = world.compose
    argv = compose.build if builds else compose.pull
    return Step(
        f"{service.name}.image",
        _compose_process(world, state, service, argv, failed, conclude, Recovery.REPEAT),
    )


def _why(ended: Exit, output: str) -> str:
    if ended.stopped_by:
        return f"it printed nothing for {_COMPOSE_IDLE_S:g} s and was stopped."
    return _last_line(output)


def _last_line(output: str) -> str:
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return lines[-1].rstrip(".") + "." if lines else "it printed nothing."


# --- containers --------------------------------------------------------------------------------------------------


def _recreate(world: World, state: ReleaseState, service: ServicePlan) -> Process:
    """Replace the service's containers; which ones stood before is on record, so that it can be seen afterwards."""

    def now() -> dict[str, str] | None:
        composed = _composed(state, service)
        found = world.engine.containers_of(composed.project, composed.compose_services)
        replaced = found and not any(one.id in composed.previous or one.state == "created" for one in found)
        return {one.name: one.id for one in found} if replaced else None

    def conclude() -> ev.Recreated:
        containers = now()
        if containers is None:
            raise StepFailed(
                Failure(
                    "not_recreated",
                    f"Compose ended without an error, but the containers of {service.name} are the old ones.",
                )
            )
        return ev.Recreated(service.name, containers)

    def observe() -> Fate:
        containers = now()
        return Done(ev.Recreated(service.name, containers)) if containers else NotDone()

    def failed(ended: Exit, output: str) -> Failure:
        message = f"The containers of {service.name} could not be recreated: {_why(ended, output)}"
        return Failure("recreate_failed", message, ended.rc, output)

    return _compose_process(world, state, service, world.compose.recreate, failed, conclude, Recovery.OBSERVE, observe)


def _pin_tag(world: World, service: ServicePlan) -> Harmless:
    """Write the tag that runs into ``.env``, so that a Compose command typed by hand agrees (spec: The ops repo)."""

    def act(slot: Slot) -> None:
        image = service.image
        if image is None or image.env_var is None:
            return
        # As bytes: reading text would translate the line ends of lines that are none of ours.
        text = world.env_file.read_bytes().decode() if world.env_file.exists() else ""
        changed = dotenv.with_variable(text, image.env_var, image.tag)
        if changed != text:
            _rewrite_env_file(world, changed, f"{image.env_var}={image.tag}")
        slot.say(f"{image.env_var}={image.tag}")

    return Harmless(act)


def _rewrite_env_file(world: World, text: str, line: str) -> None:
    try:
        # Inside git's own folder a crash leaves the secrets where no git add finds them.
        rewrite_durably(world.env_file, text.encode(), world.git.own_folder())
    except OSError as error:
        raise StepFailed(
            Failure(
                "env_file_not_written",
                f"{world.env_file} could not be rewritten: {error.strerror}. Write {line} into it, then resume.",
            )
        ) from None
