"""From which commit the changes of a release are counted: BASE_SHA (spec: prepare, 2 and 3; return to main)."""

from __future__ import annotations

from dataclasses import dataclass

from released.adapters.git.checkout import Git
from released.domain.errors import Refused
from released.domain.events import RunOptions
from released.domain.failure import NextCommand
from released.domain.ids import Sha, parse_sha
from released.phases.planning.deployed_tree import restored, tree_within
from released.phases.planning.history import History
from released.phases.planning.request import Request
from released.phases.world import World


@dataclass(frozen=True)
class Tips:
    """Where the checkout and the remote stand."""

    head: Sha
    merge: Sha
    branch: str
    """A hotfix branch; empty for the configured one."""


def find_base(world: World, request: Request, history: History, tips: Tips) -> Sha:
    """Give BASE_SHA, which stays what it was for a run that has one.

    Raises:
        Refused: nothing was merged since, or what was asked for cannot be the base.
    """
    if request.base is not None:
        return request.base
    base = _counted_from(world, request.options, history, tips)
    if base == tips.merge:
        raise _nothing_to_release(world, request, history, tips)
    return base


def upstream(world: World, branch: str) -> str:
    """Name the remote's branch that is released: a hotfix branch, or the configured one."""
    return f"{world.settings.remote}/{branch or world.settings.branch}"


def _counted_from(world: World, options: RunOptions, history: History, tips: Tips) -> Sha:
    if options.base:
        return _given_base(world, options.base, tips.head)
    if tips.branch:
        return _base_of_hotfix(world, history, tips)
    if history.returned is not None and history.returned.head == tips.head != history.last_deployed:
        return parse_sha(history.returned.deployed)  # it went there without a release, and none was made since
    return tips.head


def _given_base(world: World, text: str, head: Sha) -> Sha:
    base = parse_sha(text)
    if not world.git.has_commit(base):
        raise Refused("base_unknown", f"{world.settings.repo} has no commit {base}, so it cannot be the base.")
    if not world.git.is_ancestor(base, head):
        raise Refused("base_not_ancestor", f"{base} is not an ancestor of HEAD ({head}), so it cannot be the base.")
    return base


def _base_of_hotfix(world: World, history: History, tips: Tips) -> Sha:
    """A hotfix is counted from what the record says is deployed: its branch was checked out by hand."""
    last = history.last_deployed
    base = _within(world.git, parse_sha(last), tips.merge) if last else None
    if base is None:
        raise Refused(
            "hotfix_base_unknown",
            f"Branch {tips.branch} is not built on the last released commit ({last or 'the record knows none'}), so "
            "nobody can tell what it changes. Name the commit that is deployed with --base, then run again.",
            (NextCommand(_log(world), "shows the branch's commits; the deployed one is among them"),),
        )
    return base


def _log(world: World) -> tuple[str, ...]:
    return ("git", "-C", str(world.settings.repo), "log", "--oneline", "--decorate", "-20")


def _within(git: Git, commit: Sha, merge: Sha) -> Sha | None:
    """Name the commit of ``merge``'s history that has the tree of a deployed one; ``None`` where there is none."""
    found = tree_within(git, commit, merge)
    return found if git.has_commit(found) and git.is_ancestor(found, merge) else None


# --- nothing to release ------------------------------------------------------------------------------------------


def _nothing_to_release(world: World, request: Request, history: History, tips: Tips) -> Refused:
    message = f"already up-to-date with {upstream(world, tips.branch)} — nothing to release"
    if restored(world.git, tips.head) is not None:
        return Refused(
            "nothing_to_release", f"{message}. HEAD is the commit that took a release back; merge a fix first."
        )
    before = _before_pull(world.git, history, tips.head)
    if before is None:
        return Refused("nothing_to_release", f"{message}. Is the pull request merged?")
    repo = str(world.settings.repo)
    # One that HEAD lacks is a revert commit of ours, and only a checkout that stands there has what is deployed.
    without = request.with_other(base=before) if world.git.is_ancestor(before, tips.head) else ()
    return Refused(
        "nothing_to_release",
        f"{message}. Was it pulled by hand? HEAD stood at {before} before. Go back to that commit, "
        f"{'or name it as the base, ' if without else ''}and run again.",
        (
            NextCommand(("git", "-C", repo, "reset", "--hard", before), "takes the checkout back to before", "changes"),
            *without,
        ),
    )


def _before_pull(git: Git, history: History, head: Sha) -> Sha | None:
    """Find the commit before a pull by hand: the record knows what was deployed last, the reflog knows the rest.

    What was deployed last may be a revert commit of ours that HEAD lacks: whoever pulled threw it away.
    """
    last = parse_sha(history.last_deployed) if history.last_deployed else head
    return last if last != head and _within(git, last, head) else git.head_before_pull(head)
