"""Moving a checkout forward: branch and work tree, durable at the end, settled after a crash."""

from __future__ import annotations

from typing import TYPE_CHECKING

from released.adapters.durability import sync_filesystem
from released.adapters.git.locks import remove_stale_locks, wait_for_survivors
from released.adapters.git.settlement import Settlement
from released.domain.errors import StepFailed
from released.domain.failure import Failure, NextCommand

if TYPE_CHECKING:
    from released.adapters.git.command import GitCommand
    from released.domain.ids import Sha

_FAST_FORWARD = (
    "merge",
    "--ff-only",
    "--quiet",
    "--no-stat",
    "--no-squash",
    "--no-autostash",
    "--no-verify-signatures",
    "--no-overwrite-ignore",  # an ignored file in the way may be somebody's .env
)


def move_forward(command: GitCommand, base: Sha, merge: Sha) -> None:
    """Move branch and work tree from ``base`` to ``merge`` and make both durable.

    Raises:
        StepFailed: HEAD is elsewhere, or git refused (``fast_forward_failed``).
    """
    head = _head(command)
    if head != base:
        raise _failed(command, merge, 1, f"HEAD is at {head}, expected {base}.")
    answer = command.run(*_FAST_FORWARD, merge)
    if answer.rc != 0:
        raise _failed(command, merge, answer.rc, answer.complaint)
    if _head(command) != merge:
        raise _failed(command, merge, 1, f"git reported success, but HEAD is at {_head(command)}.")
    _make_durable(command)


def settle_move(command: GitCommand, base: Sha, merge: Sha) -> bool:
    """Find out how far an interrupted ``move_forward`` came; complete one that is half done.

    Returns True where the checkout stands cleanly at ``merge`` and is durable, False where it is untouched at ``base``.

    Raises:
        StepFailed: it stands otherwise; nothing was thrown away (``checkout_in_doubt``).
    """
    wait_for_survivors(command)
    branch = command.run("symbolic-ref", "--quiet", "HEAD").text
    remove_stale_locks(command, ("index", "HEAD", "ORIG_HEAD", *([branch] if branch else [])))
    done = Settlement(command, base, merge).settle()
    if done:
        _make_durable(command)
    return done


def _head(command: GitCommand) -> str:
    return command.ask("rev-parse", "--verify", "HEAD").text


def _make_durable(command: GitCommand) -> None:
    # A linked work tree has its index and its objects in different places.
    for place in (command.checkout, command.path_of("objects"), command.path_of("index").parent):
        sync_filesystem(place)


def _failed(command: GitCommand, merge: Sha, rc: int, complaint: str) -> StepFailed:
    look = ("git", "-C", str(command.checkout), "status")
    message = f"{command.checkout} could not be moved to {merge}: {complaint} Look with: {' '.join(look)}"
    shows = NextCommand(look, "shows what is in the way")
    return StepFailed(Failure("fast_forward_failed", message, rc, complaint, (shows,)))
