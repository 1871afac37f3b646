"""The one git command that moves a checkout: work tree, index, branch and HEAD, in this order."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from released.adapters.git.command import Answer, GitCommand
    from released.adapters.git.head import Head

_SWITCH = ("switch", "--quiet", "--no-guess", "--no-track", "--no-recurse-submodules")


def switch(command: GitCommand, end: Head) -> Answer:
    """Move to ``end``, or change nothing where a file is in the way."""
    # reset and read-tree could do it too, but overwrite an ignored file in the way: it may be somebody's .env.
    return _run(command, end, "--no-overwrite-ignore")


def switch_over_everything(command: GitCommand, end: Head) -> Answer:
    """Move to ``end``, and overwrite what is in the way."""
    # --discard-changes alone would still stop at an untracked file.
    return _run(command, end, "--force")


def _run(command: GitCommand, end: Head, treatment: str) -> Answer:
    return command.run(*_SWITCH, treatment, f"--force-create={end.branch}", end.commit)
