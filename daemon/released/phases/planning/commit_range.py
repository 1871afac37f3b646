"""From which commit to which a release goes, and which commits it brings back (spec: prepare, 1 to 3; revert)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from released.adapters.git.records import Commit
from released.domain.errors import Refused
from released.domain.failure import NextCommand
from released.domain.ids import Sha
from released.domain.listing import shortened
from released.phases.planning.base_sha import Tips, find_base, upstream
from released.phases.planning.deployed_tree import tree_within
from released.phases.planning.held_commits import brought_back
from released.phases.planning.history import History
from released.phases.planning.releasable import refuse_other_branch, releasable
from released.phases.planning.request import Request
from released.phases.world import World


@dataclass(frozen=True)
class CommitRange:
    """The commits of a release."""

    base: Sha
    head: Sha
    """Where the checkout stands."""
    merge: Sha
    branch: str
    """A hotfix branch; empty for the configured one."""
    brought_back: tuple[str, ...]


def find_range(world: World, request: Request, history: History) -> CommitRange:
    """Look where the checkout and the remote stand.

    Raises:
        Refused: they do not fit each other, there is nothing to release, or commits that are held as bad would come
            back without being asked for.
    """
    checkout = releasable(world.git, world.settings)
    if not request.options.allow_branch:
        refuse_other_branch(checkout, world.settings, _as_a_hotfix(request))
    head, on = checkout.head, checkout.branch or ""
    branch = "" if on == world.settings.branch else on
    merge = _tip(world, branch, head)
    _refuse_divergence(world, head, merge, branch)
    base = find_base(world, request, history, Tips(head, merge, branch))
    since = tree_within(world.git, base, merge)
    return CommitRange(base, head, merge, branch, brought_back(world.git, request, history.held, since, merge))


def _as_a_hotfix(request: Request) -> tuple[NextCommand, ...]:
    """Offer the branch that is checked out, to whom it is meant for: it may be the one of an earlier hotfix."""
    commands = request.with_other(allow_branch=True)
    return tuple(command.provided(f"that branch is the hotfix of ticket {request.ticket}") for command in commands)


def _tip(world: World, branch: str, head: Sha) -> Sha:
    """Fetch what is to be released: a hotfix branch that the remote does not know is released as it stands."""
    if not branch:
        return world.git.fetch()
    return world.git.fetch_other(branch) or head


def _refuse_divergence(world: World, head: Sha, merge: Sha, branch: str) -> None:
    """Let pass only what the checkout can move to without losing what was committed there.

    What unpushed revert commits of ours took back is not lost: their trees prove that nothing of it is deployed.

    Raises:
        Refused: ``diverged``, with the commits of both sides.
    """
    if world.git.is_ancestor(tree_within(world.git, head, merge), merge):
        return
    ours, theirs = world.git.divergence(head, merge)
    remote = upstream(world, branch)
    sides = [*_side("only here", ours), *_side(f"only in {remote}", theirs)]
    raise Refused(
        "diverged",
        f"{world.settings.repo} and {remote} have diverged:\n" + "\n".join(sides) + "\n"
        "Bring the commits that are only here to the remote, or take them away, then run again.",
    )


def _side(where: str, commits: Sequence[Commit]) -> list[str]:
    return [f"  {where}: {one}" for one in shortened([commit.line for commit in commits])]
