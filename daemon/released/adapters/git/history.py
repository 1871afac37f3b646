"""How commits hang together, and what they say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from released.adapters.git.command import shown
from released.adapters.git.records import COMMIT_FORMAT, DIFFERENCES, ChangedPath, Commit, parse_changes, parse_commits
from released.domain.errors import Refused
from released.domain.ids import Sha, parse_sha

if TYPE_CHECKING:
    from released.adapters.git.command import GitCommand


def is_ancestor(command: GitCommand, old: Sha, new: Sha) -> bool:
    """Tell whether ``new`` contains ``old``; a commit contains itself.

    Raises:
        Refused: a commit is not in this repository (``git_failed``).
    """
    answer = command.run("merge-base", "--is-ancestor", parse_sha(old), parse_sha(new))
    if answer.rc not in (0, 1):
        raise Refused("git_failed", f"{command.checkout} cannot compare {old} with {new}: {answer.complaint}")
    return answer.rc == 0


def has_commit(command: GitCommand, commit: Sha) -> bool:
    """Tell whether this repository has a commit: one of a history that was rewritten may be gone."""
    return command.run("cat-file", "-e", f"{parse_sha(commit)}^{{commit}}").rc == 0


def commits(command: GitCommand, old: Sha, new: Sha) -> tuple[Commit, ...]:
    """Return every commit that ``new`` contains and ``old`` does not, newest first.

    Raises:
        Refused: a commit is not in this repository (``git_failed``).
    """
    listing = ("rev-list", "--encoding=UTF-8", "--no-commit-header", f"--format={COMMIT_FORMAT}")
    return parse_commits(command.ask(*listing, parse_sha(new), f"^{parse_sha(old)}", "--").text)


def changed_paths(command: GitCommand, base: Sha, merge: Sha) -> tuple[ChangedPath, ...]:
    """Return the paths whose content or mode differs; a rename is a deletion and an addition."""
    answer = command.ask(*DIFFERENCES, parse_sha(base), parse_sha(merge), "--")
    return tuple(ChangedPath(shown(change.path), change.status) for change in parse_changes(answer.output))


def brought_back(command: GitCommand, bad_base: Sha, bad_merge: Sha, deployed: Sha, tip: Sha) -> tuple[Commit, ...]:
    """Return the commits of ``bad_base..bad_merge`` that ``tip`` contains and ``deployed`` does not, newest first.

    A range that this repository no longer has was rewritten away: nothing of it can come back.

    Raises:
        Refused: ``deployed`` or ``tip`` is not in this repository (``git_failed``).
    """
    if not (has_commit(command, bad_base) and has_commit(command, bad_merge)):
        return ()
    coming = {commit.sha for commit in commits(command, deployed, tip)}
    return tuple(commit for commit in commits(command, bad_base, bad_merge) if commit.sha in coming)


def message(command: GitCommand, commit: Sha) -> str:
    """Return the whole message of a commit, without the newlines at its end.

    Raises:
        Refused: the commit is not in this repository (``git_failed``).
    """
    showing = ("rev-list", "--max-count=1", "--encoding=UTF-8", "--no-commit-header", "--format=%B")
    return shown(command.ask(*showing, parse_sha(commit), "--").text.rstrip("\n"))
