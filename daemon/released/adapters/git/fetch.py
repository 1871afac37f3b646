"""Fetching one branch into a ref of ours, and nothing besides."""

from __future__ import annotations

from typing import TYPE_CHECKING

from released.adapters.git.locks import remove_stale_locks
from released.domain.errors import Refused
from released.domain.failure import NextCommand

if TYPE_CHECKING:
    from released.adapters.git.command import GitCommand

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


def fetch_branch(command: GitCommand, remote: str, branch: str, into: str, timeout_s: float) -> None:
    """Fetch ``branch`` of ``remote`` into the ref ``into``, also where it was rewritten.

    Raises:
        Refused: the remote is unknown (``remote_unknown``), or it cannot be fetched in time (``fetch_failed``).
        StepFailed: a git process holds on to the ref's lock (``checkout_in_doubt``).
    """
    _require_known(command, remote)
    remove_stale_locks(command, (into,))
    refspec = f"+refs/heads/{branch}:{into}"
    try:
        answer = command.run(*_FETCH, "--end-of-options", remote, refspec, timeout_s=timeout_s)
    except TimeoutError as error:
        raise _failed(command, remote, branch, str(error)) from None
    if answer.rc != 0:
        raise _failed(command, remote, branch, answer.complaint)


def _require_known(command: GitCommand, remote: str) -> None:
    # git would take a name that is no remote for a path.
    if command.run("config", "--get-all", f"remote.{remote}.url").rc != 0:
        add = f"git -C {command.checkout} remote add {remote} URL"
        raise Refused("remote_unknown", f"{command.checkout} has no remote {remote!r}. Add it with: {add}")


def _failed(command: GitCommand, remote: str, branch: str, complaint: str) -> Refused:
    by_hand = ("git", "-C", str(command.checkout), "fetch", remote, branch)
    return Refused(
        "fetch_failed",
        f"{branch} could not be fetched from {remote} into {command.checkout}: {complaint} "
        f"Try it by hand with: {' '.join(by_hand)}",
        (NextCommand(by_hand, "shows whether the remote answers"),),
    )
