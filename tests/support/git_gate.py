"""A gate at which git waits in the middle of a move, when the work tree is partly written and the index locked."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path
    from typing import BinaryIO

    from support.ops_repo import OpsRepo


class GitGate:
    """Stands before one path of a checkout; whoever writes it waits."""

    def __init__(self, ops: OpsRepo, place: Path, path: str) -> None:
        self._ops = ops
        self._place = place
        os.mkfifo(place)
        (ops.checkout / ".git" / "info" / "attributes").write_text(f"{path} filter=gate\n", encoding="utf-8")
        ops.git("config", "filter.gate.smudge", f"cat {place} >/dev/null; cat")

    def await_git(self) -> BinaryIO:
        """Wait until git waits; it goes on once what is returned is closed."""
        return self._place.open("wb")

    def remove(self) -> None:
        """Let whoever comes later pass; who waits goes on waiting."""
        self._ops.git("config", "--unset", "filter.gate.smudge")
