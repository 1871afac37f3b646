"""Pushing one commit to one branch of the remote, as a fast-forward, and nothing besides."""

from __future__ import annotations

from typing import TYPE_CHECKING

from released.adapters.git.fetch import fetch_branch
from released.adapters.git.history import is_ancestor
from released.adapters.git.remotes import require_known
from released.domain.errors import Refused
from released.domain.failure import NextCommand
from released.domain.ids import Sha, parse_sha

if TYPE_CHECKING:
    from released.adapters.git.command import GitCommand

_PUSH = (
    "push",
    "--quiet",
    "--no-verify",
    "--no-follow-tags",
    "--no-signed",
    "--no-recurse-submodules",
    "--receive-pack=git-receive-pack",  # else remote.*.receivepack of the repository names a program
)


def push_commit(command: GitCommand, remote: str, branch: str, commit: Sha, timeout_s: float) -> None:
    """Bring ``commit`` to ``branch`` of ``remote``, unless it is there already.

    Raises:
        Refused: the remote is unknown (``remote_unknown``), or it did not take the commit in time (``push_failed``).
        StepFailed: a git process holds on to the lock of what is fetched (``checkout_in_doubt``).
    """
    require_known(command, remote)
    # Without a "+" in front, git replaces only what the commit contains.
    refspec = f"{parse_sha(commit)}:refs/heads/{branch}"
    try:
        answer = command.run(*_PUSH, "--end-of-options", remote, refspec, timeout_s=timeout_s)
    except TimeoutError as error:
        raise _failed(command, remote, refspec, str(error)) from None
    if answer.rc != 0 and not _is_there(command, remote, branch, commit, timeout_s):
        raise _failed(command, remote, refspec, answer.complaint)


def _is_there(command: GitCommand, remote: str, branch: str, commit: Sha, timeout_s: float) -> bool:
    try:
        return is_ancestor(command, commit, fetch_branch(command, remote, branch, timeout_s))
    except Refused:
        return False


def _failed(command: GitCommand, remote: str, refspec: str, complaint: str) -> Refused:
    by_hand = ("git", "-C", str(command.checkout), "push", remote, refspec)
    return Refused(
        "push_failed",
        f"{refspec} could not be pushed to {remote} from {command.checkout}: {complaint} "
        f"Try it by hand with: {' '.join(by_hand)}",
        (NextCommand(by_hand, "shows what the remote has against it", "changes"),),
    )
