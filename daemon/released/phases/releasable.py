"""In which state a checkout may be released from (spec: prepare, 1 and 2)."""

from __future__ import annotations

from released.adapters.git.checkout import Git
from released.adapters.git.records import CheckoutState
from released.domain.configuration import Environment
from released.domain.errors import Refused
from released.domain.failure import NextCommand


def releasable(git: Git, settings: Environment, *, any_branch: bool = False) -> CheckoutState:
    """Look at a checkout from which a release may start.

    Args:
        git: the checkout.
        settings: of its environment.
        any_branch: whether it may stand on another branch than the configured one.

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
    if state.branch != settings.branch and not any_branch:
        raise Refused(
            "wrong_branch",
            f"{settings.repo} is on branch {state.branch}; releases are made from {settings.branch}. Check it out "
            f"(git -C {settings.repo} checkout {settings.branch}), then run again. A hotfix is released from its own "
            "branch with --allow-branch; return-to-main goes back from there.",
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
        "Look first: it is often work that should be committed. Commit and push it, or take it away, then run again.",
        (NextCommand(("git", "-C", str(settings.repo), "status"), "shows what differs"),),
    )
