"""Our folder within git's own folder of a work tree: it belongs to the checkout, and no commit ever holds it.

It is found without git, so that it is there also where git refuses to work in a damaged repository.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_LINK = "gitdir: "
"""What the file ``.git`` of a linked work tree begins with."""


def own_folder(checkout: Path) -> Path | None:
    """Name our folder; ``None`` where there is no checkout. Whether it is there is not looked at."""
    git = checkout / ".git"
    if git.is_dir():
        return git / "released"
    try:
        text = git.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return None
    return checkout / text.removeprefix(_LINK).strip() / "released" if text.startswith(_LINK) else None
