"""The commit that takes the code back: one new commit whose tree is exactly that of an earlier one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from released.adapters.durability import sync_filesystem
from released.domain.ids import Sha, parse_sha

if TYPE_CHECKING:
    from datetime import datetime

    from released.adapters.git.command import GitCommand


def same_tree(command: GitCommand, first: Sha, second: Sha) -> bool:
    """Tell whether two commits hold exactly the same files.

    Raises:
        Refused: a commit is not in this repository (``git_failed``).
    """
    return _tree_of(command, first) == _tree_of(command, second)


def restoring_commit(command: GitCommand, parent: Sha, tree_of: Sha, message: str, at: datetime) -> Sha:
    """Make a commit on top of ``parent`` with the tree of ``tree_of``, and make it durable; nothing moves.

    The same arguments give the same commit, whoever asks and whenever. ``at`` is aware of its time zone.

    Raises:
        Refused: a commit is not in this repository (``git_failed``).
    """
    seconds = f"@{int(at.timestamp())} +0000"
    dates = {f"GIT_{role}_DATE": seconds for role in ("AUTHOR", "COMMITTER")}
    writing = ("commit-tree", "--no-gpg-sign", "-p", parse_sha(parent), "-m", message, _tree_of(command, tree_of))
    commit = Sha(command.ask(*writing, variables=dates).text)
    sync_filesystem(command.path_of("objects"))
    return commit


def _tree_of(command: GitCommand, commit: Sha) -> str:
    return command.ask("rev-parse", "--verify", "--end-of-options", f"{parse_sha(commit)}^{{tree}}").text
