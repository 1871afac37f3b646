"""How large the volumes are that services want backed up."""

from __future__ import annotations

from collections.abc import Sequence

from released.domain.releases.plan import ServicePlan
from released.phases.projects import containers_now, project_of
from released.phases.world import World


def volume_bytes(world: World, services: Sequence[ServicePlan]) -> dict[str, int]:
    """Ask the engine how large the volumes are now, by service; one whose project is unclear is left out."""
    volumes = {service.name: _volumes(world, service) for service in services}
    if not any(volumes.values()):
        return dict.fromkeys(volumes, 0)
    sizes = world.engine.volume_sizes([name for names in volumes.values() for name in names])
    return {service: sum(sizes.get(name, 0) for name in names) for service, names in volumes.items()}


def _volumes(world: World, service: ServicePlan) -> list[str]:
    if "volume" not in service.backup.kinds or not containers_now(world, service):
        return []
    prefix, project = world.variables().get("CONTAINER_PREFIX", ""), project_of(world, service)
    found = (world.engine.find_volume(project, name, prefix) for name in service.backup.volumes)
    return [name for name in found if name is not None]
