"""verify: every affected service runs the image that its manifest asks for, and is well (spec: verify)."""

from __future__ import annotations

from collections.abc import Callable

from released.adapters.probes import delays
from released.domain import events as ev
from released.domain.errors import StepFailed
from released.domain.ids import Phase
from released.domain.releases.plan import ServicePlan
from released.domain.releases.release import ReleaseState, required
from released.phases.checkout import at_merge
from released.phases.effects import Harmless, Slot, Step
from released.phases.health import container_lines, endpoint_lines, unhealthy
from released.phases.images import image_lines
from released.phases.projects import containers_now
from released.phases.world import World


def steps(world: World, state: ReleaseState) -> list[Step]:
    """Check each service; a probe that fails is retried inside its budget before it counts."""
    services = required(state.plan).verified
    if not services:
        return []
    return [
        at_merge(world, state, Phase.VERIFY),
        *(verify_step(f"{one.name}.verify", world, one, _images_of(world, state, one)) for one in services),
    ]


def verify_step(name: str, world: World, service: ServicePlan, image_lines: Callable[[], list[str]]) -> Step:
    """Check images, containers and endpoint of a service, with patience inside its budget.

    Args:
        name: of the step.
        world: the environment.
        service: what is checked.
        image_lines: judges the images, one line each.
    """
    budget_s = max(world.settings.verify.budget, service.health.timeout_s)

    def act(slot: Slot) -> ev.Checked:
        begin = world.monotonic()
        lines = _within(budget_s, world, service, image_lines)
        for line in lines:
            slot.say(line)
        failing = [line for line in lines if line.startswith("✗")]
        if failing:
            raise StepFailed(unhealthy(world, service, failing, world.monotonic() - begin))
        return ev.Checked(tuple(lines))

    return Step(name, Harmless(act), budget_s)


def _within(budget_s: float, world: World, service: ServicePlan, image_lines: Callable[[], list[str]]) -> list[str]:
    """Look again, with growing pauses, until all is well or the budget is spent."""
    deadline = world.monotonic() + budget_s
    lines: list[str] = []
    for delay in delays():
        is_last = world.monotonic() >= deadline  # asked first: a look before a pause of the machine judges nothing
        lines = [
            *image_lines(),
            *container_lines(service, containers_now(world, service)),
            *endpoint_lines(world, service),
        ]
        failing = [line for line in lines if line.startswith("✗")]
        # Waiting does not change which image runs: a mismatch counts at once.
        if not failing or is_last or any(".image:" in line for line in failing):
            break
        world.interruption.pause(min(delay, max(deadline - world.monotonic(), 0.0)))
    return lines


def _images_of(world: World, state: ReleaseState, service: ServicePlan) -> Callable[[], list[str]]:
    return lambda: _image_lines(world, state, service)


def _image_lines(world: World, state: ReleaseState, service: ServicePlan) -> list[str]:
    """Compare what runs with what the manifest asks for: the tag, and the image itself where it is known."""
    if service.image is None:
        return []
    ready = state.results(ev.ImageReady, Phase.MIGRATE)
    known = next((one.image_id for one in ready if one.service == service.name), None)
    return image_lines(service, containers_now(world, service), known or world.engine.image_id(service.image.reference))
