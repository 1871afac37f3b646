"""Which Compose project a service belongs to, and which containers it has now (spec: The ops repo)."""

from __future__ import annotations

from released.adapters.docker.compose import ComposeProject
from released.adapters.docker.containers import Running
from released.domain.errors import StepFailed
from released.domain.failure import Failure
from released.domain.releases.plan import ServicePlan
from released.phases.world import World


def project_of(world: World, service: ServicePlan, known: str = "") -> str:
    """Name the project: the label of its existing containers, else COMPOSE_PROJECT_NAME, else the folder's name.

    Args:
        world: the environment.
        service: whose project is asked for.
        known: the label that its containers carried earlier in the run: they may have been taken away since.

    Raises:
        StepFailed: its containers carry labels of different projects.
    """
    carried = world.engine.projects_of(one.name for one in service.containers)
    if len(carried) > 1:
        raise StepFailed(
            Failure(
                "project_ambiguous",
                f"The containers of {service.name} belong to different Compose projects: {', '.join(sorted(carried))}. "
                "Recreate them by hand in one project, then resume.",
            )
        )
    return next(iter(carried), None) or known or world.variables().get("COMPOSE_PROJECT_NAME") or service.name


def containers_now(world: World, service: ServicePlan) -> list[Running]:
    """List the containers that exist of those that the manifest names."""
    found = (world.engine.container(one.name) for one in service.containers)
    return [one for one in found if one is not None]


def compose_project(world: World, service: ServicePlan, name: str) -> ComposeProject:
    """Describe the project for Compose's command line."""
    return ComposeProject(
        name,
        world.root / service.folder,
        world.root / (service.compose_file or ""),
        world.env_file if world.env_file.is_file() else None,
    )
