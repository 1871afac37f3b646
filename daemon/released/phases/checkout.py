"""The checkout must stand at MERGE_SHA at the start of every phase after prepare (spec: verify, resume).

After a restart of the host it must be whole, too.
"""

from __future__ import annotations

from collections.abc import Sequence

from released.adapters.git.examination import is_index_broken
from released.domain import events as ev
from released.domain.errors import StepFailed
from released.domain.failure import Failure, NextCommand
from released.domain.ids import Phase
from released.domain.listing import lines
from released.domain.releases.release import ReleaseState, required
from released.phases.effects import Harmless, Slot, Step
from released.phases.world import World

_MOVES = ("checkout.fast-forward", "revert.code")
"""The steps that move the checkout."""


def at_merge(world: World, state: ReleaseState, phase: Phase) -> Step:
    """Check that nobody moved the checkout since prepare."""

    def act(_: Slot) -> ev.Checked:
        head = world.git.heeding(world.interruption).state().head
        if head != required(state.plan).merge_sha:
            raise StepFailed(moved(world, state, head))
        return ev.Checked((f"✓ checkout at {head[:12]}",))

    return Step(f"{phase}.checkout", Harmless(act))


def require_sound(world: World, state: ReleaseState) -> None:
    """Return when a restart of the host has left the checkout as git had written it; nothing is repaired.

    What the work tree is like while a step of the release was moving it, that step settles.

    Raises:
        Refused: git cannot tell how the checkout stands (``git_failed``).
        StepFailed: ``checkout_damaged``.
    """
    broken = world.git.broken_objects()
    if broken:
        raise StepFailed((_broken_index if is_index_broken(broken) else _broken)(world, broken))
    if any((step := state.step(name)) and step.attempt and step.status != "succeeded" for name in _MOVES):
        return
    found = world.git.state()
    differing = [one.path for one in found.dirty if one.status != "??"]  # a power cut brings no new files
    if differing:
        raise StepFailed(_differing(world, found.head, differing))


def _broken(world: World, said: Sequence[str]) -> Failure:
    repo = str(world.root)
    look = ("git", "-C", repo, "fsck", "--full")
    message = (
        f"The host was restarted, and the repository {repo} is not whole:\n{lines(said)}\nNothing was changed in it. "
        "Often all of it comes back with a fetch from the remote, once objects that are empty are taken away; else put "
        f"a fresh clone in its place, with {world.env_file.name} of the old one. Look with: {' '.join(look)}"
    )
    take_away = ("find", str(world.git.objects_folder()), "-type", "f", "-empty", "-delete")
    fetch = ("git", "-C", repo, "fetch", "--refetch", world.settings.remote)
    return Failure(
        "checkout_damaged",
        message,
        next=(
            NextCommand(look, "shows what is missing"),
            NextCommand(take_away, "takes away the objects that are empty", "changes"),
            NextCommand(fetch, "gets every object from the remote again", "changes"),
        ),
    )


def _broken_index(world: World, said: Sequence[str]) -> Failure:
    repo = str(world.root)
    message = (
        f"The host was restarted, and git cannot read the index of {repo}:\n{lines(said)}\nNothing was changed in it. "
        "HEAD has all that it held, but for what somebody had added and not committed: take it away, and have git make "
        "it anew. No file of the work tree is touched."
    )
    return Failure(
        "checkout_damaged",
        message,
        next=(
            NextCommand(("rm", str(world.git.own_folder() / "index")), "takes the index away", "changes"),
            NextCommand(("git", "-C", repo, "reset"), "makes it anew from HEAD, and touches no file", "changes"),
        ),
    )


def _differing(world: World, head: str, paths: Sequence[str]) -> Failure:
    repo = str(world.root)
    look = ("git", "-C", repo, "diff", "HEAD")
    message = (
        f"The host was restarted, and these files of {repo} are not as commit {head[:12]} has them:\n{lines(paths)}\n"
        "A power cut may have taken what they held; or somebody has changed them. Nothing was thrown away. "
        f"Look with: {' '.join(look)}"
    )
    back = ("git", "-C", repo, "checkout", "HEAD", "--", ".")
    return Failure(
        "checkout_damaged",
        message,
        next=(
            NextCommand(look, "shows what differs"),
            NextCommand(back, "brings back what the commit holds", "data-loss"),
        ),
    )


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
