"""In which state a checkout may be released from (spec: prepare, 1 and 2)."""

from __future__ import annotations

from released.adapters.git.checkout import Git
from released.adapters.git.records import CheckoutState
from released.domain.configuration import Environment
from released.domain.errors import Refused
from released.domain.failure import NextCommand
from released.domain.releases import next_steps


def releasable(git: Git, settings: Environment) -> CheckoutState:
    """Look at a checkout from which a release may start, whatever branch it is on.

    Raises:
        Refused: something is in progress, it is dirty or detached.
    """
    state = git.state()
    if state.in_progress:
        ending = "reset" if state.in_progress == "bisect" else "--abort"
        raise Refused(
            "operation_in_progress",
            f"A {state.in_progress} is in progress in {settings.repo}. Finish it or abort it "
            f"(git -C {settings.repo} {state.in_progress} {ending}), then run again.",
            _look(settings, "shows how far it is"),
        )
    if state.dirty:
        raise _dirty(state, settings)
    if state.branch is None:
        raise Refused(
            "detached_head",
            f"HEAD of {settings.repo} is detached at {state.head}. "
            f"Check out the branch (git -C {settings.repo} checkout {settings.branch}), then run again.",
            _look(settings, "shows where HEAD stands"),
        )
    return state


def refuse_other_branch(state: CheckoutState, settings: Environment, instead: tuple[NextCommand, ...] = ()) -> None:
    """Let pass only a checkout that is on the configured branch.

    Args:
        state: of the checkout.
        settings: of its environment.
        instead: what may be typed to release the branch that it is on.

    Raises:
        Refused: ``wrong_branch``.
    """
    if state.branch == settings.branch:
        return
    raise Refused(
        "wrong_branch",
        f"{settings.repo} is on branch {state.branch}; releases are made from {settings.branch}. Check it out "
        f"(git -C {settings.repo} checkout {settings.branch}), then run again. A hotfix is released from its own "
        "branch with --allow-branch; return-to-main goes back from there.",
        (next_steps.return_to_main(), *instead),
    )


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
        _look(settings, "shows what differs"),
    )


def _look(settings: Environment, effect: str) -> tuple[NextCommand, ...]:
    return (NextCommand(("git", "-C", str(settings.repo), "status"), effect),)
