"""What a power cut may have taken from a repository although git had written it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from released.adapters.git.command import GitCommand

# Only reflogs may name what garbage collection has taken; and contents are read when they are needed.
_FSCK = ("fsck", "--connectivity-only", "--no-dangling", "--no-reflogs", "--no-progress")
_POINTS_NOWHERE = re.compile(r"error: (?P<ref>refs/\S+): invalid sha1 pointer 0+")
_INDEX = re.compile(r"fatal: (.*: )?index file (smaller than expected|corrupt)")


def broken_objects(command: GitCommand) -> tuple[str, ...]:
    """Say, a line each, what is missing or broken of what HEAD, the index and all refs need; empty where it is whole.

    It takes seconds in a repository with a hundred thousand commits.
    """
    answer = command.run(*_FSCK)
    if answer.rc == 0:
        return ()
    said = tuple(dict.fromkeys((*answer.complaint.splitlines(), *answer.text.splitlines())))
    return tuple(line for line in said or (f"git fsck ended with status {answer.rc}",) if not _is_idle(command, line))


def is_index_broken(said: Iterable[str]) -> bool:
    """Tell whether it was the index that could not be read; then nothing was said of objects."""
    return any(_INDEX.fullmatch(line) for line in said)


def _is_idle(command: GitCommand, line: str) -> bool:
    """Tell whether a complaint is only of a symbolic ref whose branch is gone, as a renamed one is for a remote's HEAD.

    The file of a real ref that lost its content reads the same, and is no symbolic ref.
    """
    found = _POINTS_NOWHERE.fullmatch(line)
    return found is not None and command.run("symbolic-ref", "--quiet", found["ref"]).rc == 0
