"""What lies in a checkout where a move would put something else: git itself tells only once it is asked to move."""

from __future__ import annotations

import os
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from released.adapters.git.command import shown
from released.adapters.git.records import DIFFERENCES, parse_changes
from released.domain.ids import Sha, parse_sha

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from released.adapters.git.command import GitCommand


def obstacles(command: GitCommand, old: Sha, new: Sha) -> tuple[str, ...]:
    """Return the paths that stand in the way of a move of the clean checkout from ``old`` to ``new``.

    These are files and links that git ignores, or it would call the checkout dirty.

    Raises:
        Refused: a commit is not in this repository (``git_failed``).
    """
    changes = parse_changes(command.ask(*DIFFERENCES, parse_sha(old), parse_sha(new), "--").output)
    known = {change.path for change in changes if not change.old.absent}
    found = {path for change in changes if change.old.absent for path in _on_the_way(command.checkout, change.path)}
    return tuple(sorted(shown(path) for path in found - known))


def _on_the_way(checkout: Path, path: str) -> Iterator[str]:
    """List what is no folder on the way to ``path``, there, and below it."""
    for step in (*reversed(PurePosixPath(path).parents[:-1]), PurePosixPath(path)):
        place = checkout / step
        if place.is_symlink() or not place.is_dir():
            if os.path.lexists(place):
                yield str(step)
            return
    below = (place for place in (checkout / path).rglob("*") if place.is_symlink() or not place.is_dir())
    yield from (str(place.relative_to(checkout)) for place in below)
