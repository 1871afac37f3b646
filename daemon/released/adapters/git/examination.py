"""What a power cut may have taken from a repository although git had written it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from released.adapters.git.command import GitCommand

# Only reflogs may name what garbage collection has taken; and contents are read when they are needed.
_FSCK = ("fsck", "--connectivity-only", "--no-dangling", "--no-reflogs", "--no-progress")


def broken_objects(command: GitCommand) -> tuple[str, ...]:
    """Say, a line each, what is missing or broken of what HEAD, the index and all refs need; empty where it is whole.

    It takes seconds in a repository with a hundred thousand commits.
    """
    answer = command.run(*_FSCK)
    if answer.rc == 0:
        return ()
    said = (*answer.complaint.splitlines(), *answer.text.splitlines())
    return tuple(dict.fromkeys(said)) or (f"git fsck ended with status {answer.rc}",)
