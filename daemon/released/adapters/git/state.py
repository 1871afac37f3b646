"""How a checkout stands: HEAD, what is dirty, and what somebody began and did not finish."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from released.adapters.git.command import shown
from released.adapters.git.files import owner_name
from released.adapters.git.head import head_of
from released.adapters.git.records import STATUS, CheckoutState, DirtyPath, StatusEntry, parse_status

if TYPE_CHECKING:
    from released.adapters.git.command import GitCommand

_IN_PROGRESS = {
    "rebase-merge": "rebase",
    "rebase-apply": "rebase",
    "MERGE_HEAD": "merge",
    "REVERT_HEAD": "revert",
    "CHERRY_PICK_HEAD": "cherry-pick",
    "sequencer": "cherry-pick",
    "BISECT_LOG": "bisect",
}


def state_of(command: GitCommand) -> CheckoutState:
    """Return where HEAD stands, on which branch, what is dirty (untracked files count), and what is unfinished.

    Raises:
        Refused: git cannot tell (``git_failed``): no repository, no commit yet, a broken one.
    """
    head = head_of(command)
    status = command.ask(*STATUS)
    return CheckoutState(
        head=head.commit,
        branch=head.branch and shown(head.branch),
        dirty=tuple(_dirty_path(command, entry) for entry in parse_status(status.output)),
        in_progress=_in_progress(command),
    )


def _in_progress(command: GitCommand) -> str | None:
    found = (word for name, word in _IN_PROGRESS.items() if command.path_of(name).exists())
    return next(found, None)


def _dirty_path(command: GitCommand, entry: StatusEntry) -> DirtyPath:
    try:
        facts = os.lstat(os.fsencode(command.checkout) + b"/" + entry.path.encode("utf-8", "surrogateescape"))
    except OSError:
        return DirtyPath(shown(entry.path), entry.status, None, "")
    modified_at = datetime.fromtimestamp(facts.st_mtime, UTC)
    return DirtyPath(shown(entry.path), entry.status, modified_at, owner_name(facts.st_uid))
