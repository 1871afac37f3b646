"""Commits that were taken back and are held as bad: they do not come back unasked (spec: revert)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from released.adapters.git.checkout import Git
from released.domain.errors import Refused
from released.domain.ids import Sha
from released.domain.listing import lines, shortened
from released.phases.planning.history import HeldCommits
from released.phases.planning.request import Request


def brought_back(git: Git, request: Request, held: Iterable[HeldCommits], since: Sha, merge: Sha) -> tuple[str, ...]:
    """List the commits held as bad that the range ``since..merge`` brings back.

    Raises:
        Refused: ``brings_back_reverted``, where nobody said that they are mended.
    """
    back = [(one, _coming(git, one, since, merge)) for one in held]
    back = [(one, commits) for one, commits in back if commits]
    if back and not request.options.include_reverted:
        raise _refusal(git, request, back, merge)
    return tuple(dict.fromkeys(sha for _, commits in back for sha in commits))


def _coming(git: Git, one: HeldCommits, since: Sha, merge: Sha) -> tuple[str, ...]:
    """List the held commits that come back; none where the range also takes back all that they changed."""
    commits = tuple(commit.sha for commit in git.brought_back(one.base, one.merge, since, merge))
    return commits if commits and any(_still_changed(git, one, merge)) else ()


def _still_changed(git: Git, one: HeldCommits, merge: Sha) -> Iterator[str]:
    """Name the paths that held commits changed and that are not, with ``merge``, as they were before.

    A path that was changed again later is among them: whether that mends it nobody can know from here.
    """
    since_then = {change.path for change in git.changed_paths(one.base, merge)}
    return (change.path for change in git.changed_paths(one.base, one.merge) if change.path in since_then)


def _refusal(git: Git, request: Request, back: list[tuple[HeldCommits, tuple[str, ...]]], merge: Sha) -> Refused:
    commits: dict[str, dict[str, None]] = {}
    for one, shas in back:
        commits.setdefault(one.ticket, {}).update(dict.fromkeys(shas))
    named = "\n".join(f"  of ticket {ticket}: {', '.join(shortened(list(shas)))}" for ticket, shas in commits.items())
    changed = lines(sorted({path for one, _ in back for path in _still_changed(git, one, merge)}))
    return Refused(
        "brings_back_reverted",
        f"This range brings back commits that were taken back and are held as bad:\n{named}\n"
        f"They would count as taken back if all that they changed stood as before. These paths do not:\n{changed}\n"
        "Where the fix is in it, say so with --include-reverted and a reason.",
        request.with_other(include_reverted=True),
    )
