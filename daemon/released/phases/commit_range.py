"""From which commit to which a release goes, and which commits it brings back (spec: prepare, 1 to 3; revert)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import msgspec

from released.adapters.git.checkout import Git
from released.domain import revert_commit
from released.domain.errors import InvalidInput, Refused
from released.domain.events import RunOptions
from released.domain.failure import NextCommand
from released.domain.ids import Sha, Ticket, parse_sha
from released.domain.next_steps import run_with
from released.domain.trailers import trailers
from released.phases.history import HeldCommits, History
from released.phases.releasable import refuse_other_branch, releasable
from released.phases.world import World


@dataclass(frozen=True)
class Request:
    """What is to be planned."""

    ticket: Ticket
    options: RunOptions
    base: Sha | None = None
    """BASE_SHA, where a run that has one goes on from prepare."""
    touched: tuple[str, ...] = ()
    """Services that this run has changed already: they stay in its plan, also where a fix leaves none of their paths
    changed."""

    def with_other(self, **options: object) -> tuple[NextCommand, ...]:
        """Give the command that asks for the same with other ``RunOptions``; a run that goes on takes no others."""
        if self.base is not None:
            return ()
        return run_with(self.ticket, msgspec.structs.replace(self.options, **options))


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
        refuse_other_branch(checkout, world.settings, request.with_other(allow_branch=True))
    head, on = checkout.head, checkout.branch or ""
    branch = "" if on == world.settings.branch else on
    merge = _tip(world, branch, head)
    _refuse_divergence(world, head, merge, branch)
    base = _base(world, request, history, CommitRange(head, head, merge, branch, ()))
    brought_back = _brought_back(world.git, history.held, deployed(world.git, base, merge), merge)
    if brought_back and not request.options.include_reverted:
        raise _brings_back(request, brought_back)
    return CommitRange(base, head, merge, branch, tuple(sha for commits in brought_back.values() for sha in commits))


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
    if world.git.is_ancestor(deployed(world.git, head, merge), merge):
        return
    ours, theirs = world.git.divergence(head, merge)
    upstream = _upstream(world, branch)
    sides = [
        *(f"  only here: {commit.sha[:12]} {commit.subject} ({commit.author})" for commit in ours),
        *(f"  only in {upstream}: {commit.sha[:12]} {commit.subject} ({commit.author})" for commit in theirs),
    ]
    raise Refused(
        "diverged",
        f"{world.settings.repo} and {upstream} have diverged:\n" + "\n".join(sides) + "\n"
        "Bring the commits that are only here to the remote, or take them away, then run again.",
    )


def _upstream(world: World, branch: str) -> str:
    return f"{world.settings.remote}/{branch or world.settings.branch}"


def deployed(git: Git, head: Sha, merge: Sha) -> Sha:
    """Name the commit whose tree is deployed, for the history of ``merge``.

    That is ``head`` itself, unless ``merge`` lacks it and it is a revert commit of ours: then it is the commit whose
    tree that brought back. What the trailer claims is believed only where the trees are equal.
    """
    while not git.is_ancestor(head, merge):
        restored = _restored(git, head)
        if restored is None:
            break
        head = restored
    return head


def _restored(git: Git, commit: Sha) -> Sha | None:
    try:
        claimed = revert_commit.restored_tree(trailers(git.message(commit)))
    except InvalidInput:
        return None
    return claimed if claimed and git.has_commit(claimed) and git.same_tree(commit, claimed) else None


# --- BASE_SHA ----------------------------------------------------------------------------------------------------


def _base(world: World, request: Request, history: History, found: CommitRange) -> Sha:
    if request.base is not None:
        return request.base
    base = _counted_from(world, request.options, history, found)
    if base == found.merge:
        raise _nothing_to_release(world, request, history, found)
    return base


def _counted_from(world: World, options: RunOptions, history: History, found: CommitRange) -> Sha:
    if options.base:
        return _given_base(world, options.base, found.head)
    if found.branch:
        return _base_of_hotfix(world, history, found)
    if history.returned is not None and history.returned.head == found.head != history.last_released:
        return parse_sha(history.returned.deployed)  # it went there without a release, and none was made since
    return found.head


def _given_base(world: World, text: str, head: Sha) -> Sha:
    base = parse_sha(text)
    if not world.git.has_commit(base):
        raise Refused("base_unknown", f"{world.settings.repo} has no commit {base}, so it cannot be the base.")
    if not world.git.is_ancestor(base, head):
        raise Refused("base_not_ancestor", f"{base} is not an ancestor of HEAD ({head}), so it cannot be the base.")
    return base


def _base_of_hotfix(world: World, history: History, found: CommitRange) -> Sha:
    """A hotfix is counted from the last released commit: its branch was checked out by hand (spec: return to main)."""
    last = history.last_released
    if last is None or not _contains(world.git, found.merge, parse_sha(last)):
        raise Refused(
            "hotfix_base_unknown",
            f"Branch {found.branch} is not built on the last released commit ({last or 'the record knows none'}), so "
            "nobody can tell what it changes. Name the commit that is deployed with --base, then run again.",
            (NextCommand(_log(world), "shows the branch's commits; the deployed one is among them"),),
        )
    return parse_sha(last)


def _log(world: World) -> tuple[str, ...]:
    return ("git", "-C", str(world.settings.repo), "log", "--oneline", "--decorate", "-20")


def _contains(git: Git, merge: Sha, commit: Sha) -> bool:
    return git.has_commit(commit) and git.is_ancestor(commit, merge)


def _nothing_to_release(world: World, request: Request, history: History, found: CommitRange) -> Refused:
    message = f"already up-to-date with {_upstream(world, found.branch)} — nothing to release"
    if _restored(world.git, found.head) is not None:
        return Refused(
            "nothing_to_release", f"{message}. HEAD is the commit that took a release back; merge a fix first."
        )
    before = _before_pull(world.git, history, found.head)
    if before is None:
        return Refused("nothing_to_release", f"{message}. Is the pull request merged?")
    repo = str(world.settings.repo)
    return Refused(
        "nothing_to_release",
        f"{message}. Was it pulled by hand? HEAD stood at {before} before. Go back to that commit, or name it "
        "as the base, and run again.",
        (
            NextCommand(("git", "-C", repo, "reset", "--hard", before), "takes the checkout back to before", "changes"),
            *request.with_other(base=before),
        ),
    )


def _before_pull(git: Git, history: History, head: Sha) -> Sha | None:
    """Find the commit before a pull by hand: the record knows the last released one, the reflog knows the rest."""
    released = parse_sha(history.last_released) if history.last_released else head
    if released != head and _contains(git, head, released):
        return released
    return git.head_before_pull(head)


# --- what was held as bad ----------------------------------------------------------------------------------------


def _brought_back(git: Git, held: Iterable[HeldCommits], since: Sha, merge: Sha) -> dict[str, tuple[str, ...]]:
    """List, for each ticket that was taken back, the commits of it that come back."""
    found: dict[str, tuple[str, ...]] = {}
    for one in held:
        commits = (commit.sha for commit in git.brought_back(one.base, one.merge, since, merge))
        found[one.ticket] = tuple(dict.fromkeys((*found.get(one.ticket, ()), *commits)))
    return {ticket: commits for ticket, commits in found.items() if commits}


def _brings_back(request: Request, brought_back: dict[str, tuple[str, ...]]) -> Refused:
    named = "\n".join(f"  of ticket {other}: {', '.join(commits)}" for other, commits in brought_back.items())
    return Refused(
        "brings_back_reverted",
        f"This range brings back commits that were taken back and are held as bad:\n{named}\n"
        "Where the fix is in it, say so with --include-reverted and a reason.",
        request.with_other(include_reverted=True),
    )
