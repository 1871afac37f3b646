"""Compares an environment with its manifests and its record; looks at everything, changes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from released.adapters.docker.containers import Running
from released.adapters.git.records import CheckoutState
from released.domain.environments.drift import (
    Checkout,
    Deployed,
    Finding,
    checkout_findings,
    pin_finding,
    release_findings,
)
from released.domain.failure import NextCommand
from released.domain.releases.plan import ServicePlan
from released.phases.drift_fixes import Fixes
from released.phases.health import container_lines
from released.phases.images import image_lines
from released.phases.projects import containers_now
from released.phases.world import World


def findings(world: World, services: Sequence[ServicePlan], deployed: Deployed) -> list[Finding]:
    """Compare the checkout, every service, the tags in ``.env``, and what else runs.

    Args:
        world: the environment.
        services: those of the commit that is checked out.
        deployed: what the record knows.
    """
    variables = world.variables()
    pins = (pin_finding(one.image, variables, str(world.env_file)) for one in services if one.image)
    return [
        *release_findings(deployed.occupant),
        *checkout_findings(_checkout(world, world.git.state()), deployed, world.settings.branch),
        *(finding for service in services for finding in _service_findings(world, service, deployed)),
        *(pin for pin in pins if pin is not None),
        *stray_findings(services, _of_our_projects(world, services), variables.get("CONTAINER_PREFIX", "")),
    ]


def stray_findings(services: Iterable[ServicePlan], found: Iterable[Running], prefix: str) -> list[Finding]:
    """Name the containers that are ours by project and prefix, and belong to no manifest.

    Args:
        services: every service.
        found: the containers of our Compose projects.
        prefix: CONTAINER_PREFIX.
    """
    known = {one.name for service in services for one in service.containers}
    strays = sorted({one.name: one for one in found if one.name.startswith(prefix) and one.name not in known}.items())
    if not strays:
        return [Finding("containers", "✓ containers.known: every container of our projects belongs to a manifest")]
    return [
        Finding(
            "containers", f"✗ containers.known: {name} (project {one.project}) belongs to no manifest", _remove(name)
        )
        for name, one in strays
    ]


def _remove(name: str) -> NextCommand:
    effect = "removes it, once you know that nobody needs it"
    return NextCommand(("docker", "rm", "--force", name), effect, "data-loss")


def _checkout(world: World, state: CheckoutState) -> Checkout:
    return Checkout(str(world.root), state.head, state.branch, tuple(one.path for one in state.dirty))


def _service_findings(world: World, service: ServicePlan, deployed: Deployed) -> list[Finding]:
    found, fixes = containers_now(world, service), Fixes(world, service, deployed.occupant)
    return [
        *_image_findings(service, found, _expected_id(world, service, deployed), fixes),
        *_container_findings(service, found, fixes),
    ]


def _expected_id(world: World, service: ServicePlan, deployed: Deployed) -> str | None:
    if service.image is None:
        return None
    reference = service.image.reference
    return deployed.image_id(service.name, reference) or world.engine.image_id(reference)


def _image_findings(
    service: ServicePlan, found: Sequence[Running], expected_id: str | None, fixes: Fixes
) -> list[Finding]:
    return [
        Finding(service.name, line, fixes.image(expected_id) if line.startswith("✗") else None)
        for line in image_lines(service, found, expected_id)
    ]


def _container_findings(service: ServicePlan, found: Sequence[Running], fixes: Fixes) -> list[Finding]:
    """Judge one container after the other, so that each fix names the one that it mends."""
    by_name = {one.name: one for one in found}
    return [
        Finding(service.name, line, fixes.container(by_name.get(wanted.name)) if line.startswith("✗") else None)
        for wanted in service.containers
        for line in container_lines(msgspec.structs.replace(service, containers=(wanted,)), found)
    ]


def _of_our_projects(world: World, services: Sequence[ServicePlan]) -> list[Running]:
    usual = world.variables().get("COMPOSE_PROJECT_NAME")
    carried = world.engine.projects_of(one.name for service in services for one in service.containers)
    projects = carried | {usual or service.name for service in services}
    return [one for project in sorted(projects) for one in world.engine.containers_of(project)]
