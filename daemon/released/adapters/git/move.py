"""Moving a checkout: branch and work tree from one commit to any other, durable at the end, settled after a crash."""

from __future__ import annotations

from typing import TYPE_CHECKING

from released.adapters.durability import sync_filesystem
from released.adapters.git.command import shown
from released.adapters.git.head import NO_COMMIT, Head, head_of
from released.adapters.git.history import is_ancestor
from released.adapters.git.locks import remove_stale_locks, wait_for_survivors
from released.adapters.git.records import STATUS, parse_status
from released.adapters.git.settlement import Settlement
from released.adapters.git.switch import switch
from released.domain.errors import StepFailed
from released.domain.failure import Failure, NextCommand
from released.domain.ids import Sha

if TYPE_CHECKING:
    from released.adapters.git.command import GitCommand


def move(command: GitCommand, old: Sha, end: Head, branch_at: Sha | None) -> None:
    """Move HEAD and work tree from commit ``old`` to ``end``, and the branch of ``end`` from ``branch_at`` with them.

    ``branch_at`` is ``None`` where the branch is to be made. All is durable when this returns.

    Raises:
        StepFailed: HEAD is elsewhere, git refused, or somebody moved the branch meanwhile (``fast_forward_failed``).
    """
    head = head_of(command)
    if head.commit != old or end.branch is None:
        raise not_moved(command, end, 1, f"HEAD is at {head}, expected {old} on a branch.")
    answer = switch(command, end)
    if answer.rc != 0:
        raise not_moved(command, end, answer.rc, answer.complaint)
    if head_of(command) != end:
        raise not_moved(command, end, 1, f"git reported success, but HEAD is at {head_of(command)}.")
    unwritten = _unwritten(command)
    if unwritten:
        paths = ", ".join(unwritten)
        raise not_moved(command, end, 1, f"git reported success, but did not write {paths}. {answer.complaint}".strip())
    _make_durable(command)
    _refuse_overtaken(command, end, branch_at)


def settle_move(command: GitCommand, old: Sha, end: Head) -> bool:
    """Find out how far an interrupted ``move`` came; complete one that is half done.

    Returns True where the checkout stands cleanly at ``end`` and is durable, False where it is untouched at ``old``.

    Raises:
        StepFailed: it stands otherwise; nothing was thrown away (``checkout_in_doubt``).
    """
    wait_for_survivors(command)
    remove_stale_locks(command, ("index", "HEAD", *([f"refs/heads/{end.branch}"] if end.branch else [])))
    done = Settlement(command, old, end).settle()
    if done:
        _make_durable(command)
    return done


def _unwritten(command: GitCommand) -> list[str]:
    """Name the files that are not as HEAD has them: on a full disk git moves on, and leaves them empty."""
    entries = parse_status(command.ask(*STATUS).output)
    return [shown(entry.path) for entry in entries if entry.status != "??"]


def _make_durable(command: GitCommand) -> None:
    # A linked work tree has its index and its objects in different places.
    for place in (command.checkout, command.path_of("objects"), command.path_of("index").parent):
        sync_filesystem(place)


def _refuse_overtaken(command: GitCommand, end: Head, branch_at: Sha | None) -> None:
    """Name what somebody committed to the branch while git was busy: git moved the branch away from it all the same."""
    stood_at = branch_at or NO_COMMIT
    latest = next(iter(command.reflog(f"refs/heads/{end.branch}")), None)
    if latest is None or stood_at == end.commit or latest.old in (stood_at, NO_COMMIT):
        return
    if not is_ancestor(command, Sha(latest.old), end.commit):
        raise _overtaken(command, end, latest.old)


def _overtaken(command: GitCommand, end: Head, commit: str) -> StepFailed:
    keep = ("git", "-C", str(command.checkout), "branch", f"overtaken-{commit[:12]}", commit)
    message = (
        f"{command.checkout} was moved to {end}. Meanwhile somebody had put {commit} on that branch, and it "
        f"is no longer there. Keep it with: {' '.join(keep)}"
    )
    keeps = NextCommand(keep, "gives that commit a branch of its own", "changes")
    return StepFailed(Failure("fast_forward_failed", message, next=(keeps,)))


def not_moved(command: GitCommand, end: Head, rc: int, complaint: str) -> StepFailed:
    """Make the failure of a move that did not take place."""
    look = ("git", "-C", str(command.checkout), "status")
    message = f"{command.checkout} could not be moved to {end}: {complaint} Look with: {' '.join(look)}"
    shows = NextCommand(look, "shows what is in the way")
    return StepFailed(Failure("fast_forward_failed", message, rc, complaint, (shows,)))
