"""The way back from a hotfix branch: HEAD on the configured branch again, and that branch brought up to date."""

from __future__ import annotations

from typing import TYPE_CHECKING

from released.adapters.git.head import Head, commit_of_branch
from released.adapters.git.history import commits
from released.adapters.git.move import move, not_moved, settle_move
from released.adapters.git.obstacles import obstacles
from released.domain.errors import Refused, StepFailed
from released.domain.failure import Failure, NextCommand
from released.domain.listing import lines

if TYPE_CHECKING:
    from released.adapters.git.command import GitCommand
    from released.adapters.git.records import Commit
    from released.domain.ids import Sha


def admit_return(command: GitCommand, branch: str, head: Sha, target: Sha) -> None:
    """Judge whether ``return_to_branch`` can do what it is asked for; nothing changes.

    Raises:
        Refused: the branch has commits that ``target`` lacks (``branch_diverged``), another work tree has it checked
            out, or files that git ignores lie in the way (``files_in_the_way``).
    """
    try:
        _free_to_move(command, branch, target)
    except StepFailed as failed:
        raise Refused(failed.code, failed.message, failed.next_commands) from None
    found = obstacles(command, head, target)
    if found:
        look = ("git", "-C", str(command.checkout), "status", "--ignored")
        raise Refused(
            "files_in_the_way",
            f"{branch} has files where these paths of {command.checkout} are, which git ignores:\n{lines(found)}\n"
            "Take them away first, then try again.",
            (NextCommand(look, "shows what lies there"),),
        )


def return_to_branch(command: GitCommand, branch: str, head: Sha, target: Sha) -> None:
    """Put HEAD, which is at ``head``, on ``branch``, and the branch and the work tree at ``target``; all durable.

    Raises:
        StepFailed: the branch has commits that ``target`` lacks (``branch_diverged``), or git refused
            (``fast_forward_failed``).
    """
    stood_at = _free_to_move(command, branch, target)
    move(command, head, Head(branch, target), stood_at)


def settle_return(command: GitCommand, branch: str, head: Sha, target: Sha) -> bool:
    """Find out how far an interrupted ``return_to_branch`` came; complete one that is half done.

    Returns True where the checkout is on ``branch`` at ``target`` and durable, False where it is untouched at ``head``.

    Raises:
        StepFailed: the branch has commits that ``target`` lacks (``branch_diverged``), or the checkout stands otherwise
            (``checkout_in_doubt``).
    """
    _free_to_move(command, branch, target)
    return settle_move(command, head, Head(branch, target))


def _free_to_move(command: GitCommand, branch: str, target: Sha) -> Sha | None:
    """Return where ``branch`` stands, ``None`` where it does not exist."""
    # git 2.39 would move it under the feet of another work tree.
    place = command.ask("for-each-ref", "--format=%(worktreepath)", f"refs/heads/{branch}").text
    if place not in ("", str(command.checkout)):
        raise not_moved(command, Head(branch, target), 1, f"{branch} is checked out in {place}.")
    stands_at = commit_of_branch(command, branch)
    missing = commits(command, target, stands_at) if stands_at else ()
    if missing:
        raise _diverged(command, branch, target, missing)
    return stands_at


def _diverged(command: GitCommand, branch: str, target: Sha, missing: tuple[Commit, ...]) -> StepFailed:
    look = ("git", "-C", str(command.checkout), "log", f"{target}..refs/heads/{branch}")
    message = (
        f"Branch {branch} of {command.checkout} has commits that {target} lacks:\n"
        f"{lines([commit.line for commit in missing])}\n"
        f"Bring them to the remote, or take them away, then try again. Look with: {' '.join(look)}"
    )
    return StepFailed(Failure("branch_diverged", message, next=(NextCommand(look, "shows these commits"),)))
