"""Which containers are a service's own: by Compose's labels and the record, never by a name alone.

What somebody else runs under a name of ours, by hand or in another project, is left alone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from released.adapters.docker.containers import Running
from released.domain import events as ev
from released.domain.errors import StepFailed
from released.domain.failure import Failure
from released.domain.ids import Phase
from released.domain.releases.release import ReleaseState
from released.domain.revert.plan import ServiceReversal
from released.phases.projects import containers_now
from released.phases.world import World


@dataclass(frozen=True)
class Labels:
    """What a service's own containers carry."""

    projects: frozenset[str]
    started: frozenset[str]
    """Names in the Compose file of what Compose starts by itself."""
    known: frozenset[str]
    """The same, and those of containers that stood besides: under a profile, for instance."""


def own_labels(state: ReleaseState, one: ServiceReversal) -> Labels:
    """Look up what Compose made of a service, in the run and on its way back."""
    way = (Phase.PREPARE, Phase.MIGRATE, Phase.REVERT)
    composed = [found for phase in way for found in state.results(ev.Composed, phase) if found.service == one.name]
    kept = [found for phase in way for found in state.results(ev.ImagesKept, phase) if found.service == one.name]
    projects = (one.project, *(found.project for found in composed), *(found.project for found in kept))
    started = {name for found in composed for name in found.compose_services}
    stood = {name for found in kept for name in found.compose_services.values()}
    stood |= {image.compose_service for image in one.images if image.compose_service}
    return Labels(frozenset(filter(None, projects)), frozenset(started), frozenset(filter(None, started | stood)))


def strangers(world: World, names: Iterable[str], projects: Collection[str]) -> list[str]:
    """Say of each container that bears one of these names, and is of none of these projects, whose it is."""
    found = (one for name in sorted(set(names)) if (one := world.engine.container(name)))
    return [
        f"the container {one.name} {f'belongs to Compose project {one.project}' if one.project else 'was run by hand'}"
        for one in found
        if one.project not in projects
    ]


def refuse_strangers(world: World, names: Iterable[str], projects: Collection[str]) -> None:
    """Let pass only names that nobody else has taken.

    Raises:
        StepFailed: ``name_taken``, with whose the containers are.
    """
    found = strangers(world, names, projects)
    if found:
        expected = ", ".join(sorted(projects)) or "no project yet"
        raise StepFailed(
            Failure(
                "name_taken",
                f"{'; '.join(found)}; the service's own belong to {expected}. Nothing of it was touched. Rename or "
                "remove it, then resume.",
            )
        )


def taken_by_restore(world: World, labels: Labels, one: ServiceReversal, volumes: Iterable[str]) -> list[Running]:
    """List the service's own containers that go before its data comes back.

    Those are all that Compose starts by itself, and among the others those that have the data.
    """
    plans = [plan for plan in (one.present, one.former) if plan]
    named = [found for plan in plans for found in containers_now(world, plan) if found.project in labels.projects]
    made = [found for project in labels.projects for found in world.engine.containers_of(project, tuple(labels.known))]
    using = users(world, volumes)
    mine = {found.name: found for found in (*named, *made)}
    return [found for name, found in sorted(mine.items()) if found.service in labels.started or name in using]


def users(world: World, volumes: Iterable[str]) -> set[str]:
    """Name the containers, in any state, that have one of these volumes."""
    return {name for volume in volumes for name in world.engine.volume_users(volume)}
