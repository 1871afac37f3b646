"""The checkout must stand at MERGE_SHA at the start of every phase after prepare (spec: verify, resume)."""

from __future__ import annotations

from released.domain import events as ev
from released.domain.errors import StepFailed
from released.domain.failure import Failure, NextCommand
from released.domain.ids import Phase
from released.domain.releases.release import ReleaseState, required
from released.phases.effects import Harmless, Slot, Step
from released.phases.world import World


def at_merge(world: World, state: ReleaseState, phase: Phase) -> Step:
    """Check that nobody moved the checkout since prepare."""

    def act(_: Slot) -> ev.Checked:
        head = world.git.heeding(world.interruption).state().head
        if head != required(state.plan).merge_sha:
            raise StepFailed(moved(world, state, head))
        return ev.Checked((f"✓ checkout at {head[:12]}",))

    return Step(f"{phase}.checkout", Harmless(act))


def moved(world: World, state: ReleaseState, head: str) -> Failure:
    """Say that HEAD is not where the release left it."""
    repo = str(world.root)
    return Failure(
        "head_moved",
        f"HEAD of {repo} is {head}, but this release left it at {state.head}: somebody moved the checkout. "
        "Take it back to that commit, then resume.",
        next=(
            NextCommand(("git", "-C", repo, "checkout", world.settings.branch), "goes back to the branch", "changes"),
        ),
    )
