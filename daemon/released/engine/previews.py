"""What a run or a revert would do, with what is known of the world around it: read before it is decided."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from released.adapters.backups import sets
from released.adapters.docker.containers import Running
from released.adapters.git.records import Commit
from released.domain import events as ev
from released.domain.errors import ReleasedError
from released.domain.ids import Phase
from released.domain.releases.overrides import Override, overrides_in
from released.domain.releases.plan import ReleasePlan
from released.domain.releases.release import ReleaseState, Reversal, required
from released.domain.revert.plan import RevertPlan
from released.engine.fingerprint import fingerprint
from released.phases import migrate, prepare, revert, ticket, verify
from released.phases.planning.volume_sizes import volume_bytes
from released.phases.saving import set_dir_of
from released.phases.world import World


@dataclass(frozen=True)
class RunPreview:
    """A plan and what surrounds it."""

    plan: ReleasePlan
    hash: str
    commits: tuple[Commit, ...]
    steps: Mapping[Phase, tuple[str, ...]]
    running: Mapping[str, Sequence[tuple[str, Running | None]]]
    """By service: the containers of its manifest, and what there is of each."""
    volume_bytes: Mapping[str, int]
    """By service: size of the volumes that are backed up."""
    overrides: tuple[Override, ...]


@dataclass(frozen=True)
class RevertPreview:
    """A plan of the way back and what surrounds it."""

    plan: RevertPlan
    hash: str
    commits: tuple[Commit, ...]
    steps: tuple[str, ...]
    saved: Mapping[str, sets.BackupSet]
    """By service: the set that would be restored, or that stays where it is."""
    volume_bytes: Mapping[str, int]


def preview_run(world: World, plan: ReleasePlan, skip: Collection[Phase], requested: ev.Recorded) -> RunPreview:
    """Surround the plan of a run that leaves phases out; ``requested`` is the event that would open it."""
    return RunPreview(
        plan=plan,
        hash=fingerprint(world, plan),
        commits=world.git.commits(plan.base_sha, plan.merge_sha),
        steps=_steps(world, plan, skip),
        running={
            service.name: [(one.name, world.engine.container(one.name)) for one in service.containers]
            for service in plan.services
        },
        volume_bytes=volume_bytes(world, plan.services),
        overrides=overrides_in(requested, ""),
    )


def _steps(world: World, plan: ReleasePlan, skip: Collection[Phase]) -> dict[Phase, tuple[str, ...]]:
    state = ReleaseState(ticket=plan.ticket, plan=plan)
    ways = {Phase.PREPARE: prepare, Phase.MIGRATE: migrate, Phase.TICKET: ticket, Phase.VERIFY: verify}
    if plan.nothing_to_do:
        return {}
    taken = {phase: way for phase, way in ways.items() if phase not in skip}
    return {phase: tuple(step.name for step in way.steps(world, state)) for phase, way in taken.items()}


def preview_revert(world: World, state: ReleaseState, plan: RevertPlan, reversal: Reversal) -> RevertPreview:
    """Surround the plan of a revert; ``reversal`` is what the release would enter."""
    turned = ReleaseState(ticket=state.ticket, run=state.run, plan=state.plan, reversal=reversal)
    return RevertPreview(
        plan=plan,
        hash=fingerprint(world, plan),
        commits=_taken_back(world, state, plan),
        steps=tuple(step.name for step in revert.steps(world, turned)),
        saved=_saved(world, plan),
        volume_bytes=volume_bytes(world, [one.present for one in plan.services]),
    )


def _taken_back(world: World, state: ReleaseState, plan: RevertPlan) -> tuple[Commit, ...]:
    if plan.target_sha is None:
        return ()
    if plan.undoes:
        return world.git.commits(plan.target_sha, plan.head_sha)
    release = required(state.plan)
    return world.git.commits(release.base_sha, release.merge_sha)


def _saved(world: World, plan: RevertPlan) -> dict[str, sets.BackupSet]:
    found: dict[str, sets.BackupSet] = {}
    for one in plan.services:
        if one.backup is None:
            continue
        try:
            found[one.name] = sets.read_manifest(set_dir_of(world, one.name, one.backup))
        except ReleasedError:
            continue  # One that is to be restored was proven readable; of another only the size is unknown.
    return found
