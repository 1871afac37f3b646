"""migrate: bring each affected service to its new image, one after the other (spec: migrate).

Every image is pulled or built before anything is stopped; then, service by service in start order, its hooks run and
its containers, and no others, are replaced and waited for.
"""

from __future__ import annotations

from released.adapters.commands.scripts import Exit
from released.domain import events as ev
from released.domain.failure import Failure
from released.domain.ids import Phase
from released.domain.releases import next_steps
from released.domain.releases.plan import Executable, ServicePlan
from released.domain.releases.release import ReleaseState, required
from released.phases.checkout import at_merge
from released.phases.effects import Harmless, Process, Step
from released.phases.env_file import set_variables
from released.phases.executables import executable_step
from released.phases.health import healthy_step
from released.phases.recreation import Composer, why
from released.phases.world import World


def steps(world: World, state: ReleaseState) -> list[Step]:
    """Read each service's Compose file, get every image, then recreate service by service."""
    services = required(state.plan).services
    if not services:
        return []
    composer = Composer(world, state, Phase.MIGRATE, _tag_of)
    return [
        at_merge(world, state, Phase.MIGRATE),
        *(Step(f"{service.name}.compose", composer.read(service)) for service in services),
        *(Step(f"{service.name}.image", _image(world, state, composer, service)) for service in services),
        *(step for service in services for step in _recreation(world, state, composer, service)),
    ]


def _recreation(world: World, state: ReleaseState, composer: Composer, service: ServicePlan) -> list[Step]:
    def hooks(executables: tuple[Executable, ...]) -> list[Step]:
        return [executable_step(world, state, f"{service.name}.{hook.name}", hook) for hook in executables]

    tag = _tag_of(service)
    return [
        *hooks(service.pre_start_init),
        Step(f"{service.name}.recreate", composer.recreate(service)),
        healthy_step(world, f"{service.name}.healthy", service),
        *([Step(f"{service.name}.pin-tag", Harmless(lambda slot: set_variables(world, tag, slot)))] if tag else []),
        *hooks(service.post_start_init),
        *hooks(service.ensure_config),
    ]


def _tag_of(service: ServicePlan) -> dict[str, str]:
    """Give the manifest's tag as a variable: handed to Compose over what ``.env`` says, and later written there.

    A Compose command typed by hand then agrees (spec: The ops repo).
    """
    image = service.image
    return {image.env_var: image.tag} if image and image.env_var else {}


def _image(world: World, state: ReleaseState, composer: Composer, service: ServicePlan) -> Process:
    """Pull the service's images, or build them, while the old containers still serve."""
    image = service.image
    reference = image.reference if image else ""
    builds = image is not None and image.build

    def failed(ended: Exit, output: str) -> Failure:
        said = why(ended, output)
        verb, code = ("build", "image_build_failed") if builds else ("pull", "image_pull_failed")
        wanted = reference or f"the images of {service.name}"
        mend = "its sources" if builds else "the tag in the manifest, or the registry's access"
        message = (
            f"The {verb} of {wanted} ({service.name}) failed: {said} Nothing was stopped. Correct {mend}; a new commit "
            "is taken up from prepare on, for anything else resume."
        )
        return Failure(code, message, ended.rc, output, next_steps.take_up_a_fix(state.ticket, next_steps.WHY))

    def conclude() -> ev.ImageReady:
        image_id = (world.engine.image_id(reference) or "") if reference else ""
        return ev.ImageReady(
            service.name, reference, image_id, world.engine.image_digests(reference) if image_id else ()
        )

    return composer.get_images(service, failed, conclude)
