"""Commits that are kept although no branch holds them: refs of ours, so that no garbage collection takes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from released.adapters.durability import sync_filesystem
from released.adapters.git.locks import remove_stale_locks
from released.adapters.git.names import parse_kept_name
from released.domain.ids import Sha, parse_sha

if TYPE_CHECKING:
    from released.adapters.git.command import GitCommand

_OURS = "refs/released/"


def keep(command: GitCommand, commit: Sha, name: str) -> None:
    """Make ``refs/released/<name>`` stand at ``commit``, durably; harmless to repeat.

    Raises:
        InvalidInput: the name cannot be used (``kept_name_invalid``).
        Refused: there is no such commit, or the name lies below another kept one (``git_failed``).
        StepFailed: a git process holds on to the ref's lock (``checkout_in_doubt``).
    """
    ref = _OURS + parse_kept_name(name)
    remove_stale_locks(command, (ref,))
    command.ask("update-ref", ref, f"{parse_sha(commit)}^{{commit}}")
    sync_filesystem(command.path_of("objects"))
