"""In which state a checkout may be released from (spec: prepare, 1 and 2)."""

from __future__ import annotations

from released.adapters.git.checkout import Git
from released.adapters.git.records import CheckoutState
from released.domain.configuration import Environment
from released.domain.errors import Refused
from released.domain.failure import NextCommand
from released.domain.ids import Sha
from released.phases.world import World


def releasable(git: Git, settings: Environment) -> CheckoutState:
    """Look at a checkout from which a release may start.

    Raises:
        Refused: something is in progress, it is dirty, detached, or on another branch.
    """
    state = git.state()
    if state.in_progress:
        ending = "reset" if state.in_progress == "bisect" else "--abort"
        raise Refused(
            "operation_in_progress",
            f"A {state.in_progress} is in progress in {settings.repo}. Finish it or abort it "
            f"(git -C {settings.repo} {state.in_progress} {ending}), then run again.",
        )
    if state.dirty:
        raise _dirty(state, settings)
    if state.branch is None:
        raise Refused(
            "detached_head",
            f"HEAD of {settings.repo} is detached at {state.head}. "
            f"Check out the branch (git -C {settings.repo} checkout {settings.branch}), then run again.",
        )
    if state.branch != settings.branch:
        raise Refused(
            "wrong_branch",
            f"{settings.repo} is on branch {state.branch}; releases are made from {settings.branch}. "
            f"Check it out (git -C {settings.repo} checkout {settings.branch}), then run again.",
        )
    return state


def _dirty(state: CheckoutState, settings: Environment) -> Refused:
    listed = "\n".join(
        f"  {one.status} {one.path}"
        + (f"  ({one.owner}, {one.modified_at:%Y-%m-%dT%H:%MZ})" if one.modified_at else "")
        for one in state.dirty
    )
    return Refused(
        "working_tree_dirty",
        f"Working tree is dirty. These paths of {settings.repo} differ from HEAD:\n{listed}\n"
        "Look first: it is often work that should be committed. Commit it, or take it away, then run again.",
        (NextCommand(("git", "-C", str(settings.repo), "status"), "shows what differs"),),
    )


def refuse_divergence(world: World, head: Sha, merge: Sha) -> None:
    """Let pass only what the checkout can be fast-forwarded to.

    Raises:
        Refused: ``diverged``, with the commits of both sides.
    """
    if world.git.is_ancestor(head, merge):
        return
    ours, theirs = world.git.divergence(head, merge)
    upstream = f"{world.settings.remote}/{world.settings.branch}"
    sides = [
        *(f"  only here: {commit.sha[:12]} {commit.subject} ({commit.author})" for commit in ours),
        *(f"  only in {upstream}: {commit.sha[:12]} {commit.subject} ({commit.author})" for commit in theirs),
    ]
    raise Refused(
        "diverged",
        f"{world.settings.repo} and {upstream} have diverged:\n" + "\n".join(sides) + "\n"
        "Bring the commits that are only here to the remote, or take them away, then run again.",
    )
