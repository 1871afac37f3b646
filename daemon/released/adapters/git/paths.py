"""Paths inside the ops repo: which ones are taken from a caller, and which ones from a commit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from released.adapters.git.command import shown
from released.domain.errors import InvalidInput, Refused

if TYPE_CHECKING:
    from collections.abc import Iterable

    from released.adapters.git.records import TreeEntry
    from released.domain.ids import Sha


def repository_path(path: str) -> str:
    """Accept a path relative to the root of the repository.

    Raises:
        InvalidInput: it leads elsewhere, or into git's own folder (``path_invalid``).
    """
    parts = path.split("/")
    if "\0" in path or any(part in ("", ".", "..", ".git") for part in parts):
        raise InvalidInput("path_invalid", f"{path!r} is not a path inside the ops repo.")
    return path


def refuse_undecodable(commit: Sha, entries: Iterable[TreeEntry]) -> None:
    """Let pass only entries whose paths can be recorded and shown.

    Raises:
        Refused: a path is no UTF-8 text (``path_not_text``); each is named with its odd bytes escaped.
    """
    paths = [shown(entry.path) for entry in entries if shown(entry.path) != entry.path]
    if paths:
        raise Refused(
            "path_not_text",
            f"These paths at {commit} are no UTF-8 text: {', '.join(paths)}. Rename them, then run again.",
        )
