"""The order in which services are migrated: dependencies first, then priority (spec: migrate)."""

from __future__ import annotations

from collections.abc import Iterable
from graphlib import CycleError, TopologicalSorter

from released.domain.errors import Refused
from released.domain.releases.plan import ServicePlan


def in_start_order(services: Iterable[ServicePlan]) -> tuple[ServicePlan, ...]:
    """Order services by ``depends_on``; among those that may start, lower priority first, then by name.

    Raises:
        Refused: the dependencies go round in a circle.
    """
    by_name = {str(service.name): service for service in services}
    sorter = TopologicalSorter(
        {name: [other for other in service.depends_on if other in by_name] for name, service in by_name.items()}
    )
    try:
        sorter.prepare()
    except CycleError as error:
        circle = " → ".join(error.args[1])
        raise Refused(
            "dependency_cycle", f"The depends_on of these manifests goes round in a circle: {circle}."
        ) from None
    ordered: list[ServicePlan] = []
    ready: list[ServicePlan] = []
    while sorter.is_active():
        ready = sorted([*ready, *(by_name[name] for name in sorter.get_ready())], key=lambda s: (s.priority, s.name))
        ordered.append(ready.pop(0))
        sorter.done(ordered[-1].name)
    return tuple(ordered)
