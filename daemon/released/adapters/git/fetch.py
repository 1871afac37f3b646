"""Fetching one branch into a ref of ours, and nothing besides; or only asking where it stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from released.adapters.git.head import commit_of
from released.adapters.git.locks import remove_stale_locks
from released.adapters.git.remotes import require_known
from released.domain.errors import Refused
from released.domain.failure import NextCommand
from released.domain.ids import Sha

if TYPE_CHECKING:
    from released.adapters.git.command import Answer, GitCommand

_FETCH = (
    "fetch",
    "--quiet",
    "--no-tags",
    "--no-recurse-submodules",
    "--no-write-fetch-head",
    "--no-auto-maintenance",
    "--no-prune",
    "--refmap=",  # else git moves the remote-tracking branch along
    "--upload-pack=git-upload-pack",  # else remote.*.uploadpack of the repository names a program
)

_LIST = ("ls-remote", "--quiet", "--exit-code", "--upload-pack=git-upload-pack")
_NONE_FOUND = 2


def fetch_branch(command: GitCommand, remote: str, branch: str, timeout_s: float) -> Sha:
    """Fetch ``branch`` of ``remote`` into ``refs/released/remote/``, also where it was rewritten, and return its tip.

    Raises:
        Refused: the remote is unknown (``remote_unknown``), or it cannot be fetched in time (``fetch_failed``).
        StepFailed: a git process holds on to the ref's lock (``checkout_in_doubt``).
    """
    require_known(command, remote)
    into = f"refs/released/remote/{branch}"
    remove_stale_locks(command, (into,))
    refspec = f"+refs/heads/{branch}:{into}"
    answer = _ask_remote(command, remote, branch, timeout_s, (*_FETCH, "--end-of-options", remote, refspec))
    if answer.rc != 0:
        raise _failed(command, remote, branch, answer.complaint)
    return commit_of(command, into)


def tip_at_remote(command: GitCommand, remote: str, branch: str, timeout_s: float) -> Sha | None:
    """Ask ``remote`` where its ``branch`` stands; nothing is fetched. ``None`` where it has no such branch.

    Raises:
        Refused: the remote is unknown (``remote_unknown``), or it does not answer in time (``fetch_failed``).
    """
    require_known(command, remote)
    question = (*_LIST, "--end-of-options", remote, f"refs/heads/{branch}")
    answer = _ask_remote(command, remote, branch, timeout_s, question)
    if answer.rc not in (0, _NONE_FOUND):
        raise _failed(command, remote, branch, answer.complaint)
    return Sha(answer.text.split()[0]) if answer.rc == 0 else None


def _ask_remote(command: GitCommand, remote: str, branch: str, timeout_s: float, arguments: tuple[str, ...]) -> Answer:
    try:
        return command.run(*arguments, timeout_s=timeout_s)
    except TimeoutError as error:
        raise _failed(command, remote, branch, str(error)) from None


def _failed(command: GitCommand, remote: str, branch: str, complaint: str) -> Refused:
    by_hand = ("git", "-C", str(command.checkout), "fetch", remote, branch)
    return Refused(
        "fetch_failed",
        f"{branch} could not be fetched from {remote} into {command.checkout}: {complaint} "
        f"Try it by hand with: {' '.join(by_hand)}",
        (NextCommand(by_hand, "shows whether the remote answers"),),
    )
