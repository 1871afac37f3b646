"""The terminal that people read at, or the pipe that stands for it."""

from __future__ import annotations

import shutil

_FULL_WIDTH = 1000


def width(terminal: bool) -> int:  # noqa: FBT001 (reads as width of a terminal)
    """Give the columns that lines may take; beyond a terminal there is no need to save any."""
    return shutil.get_terminal_size().columns if terminal else _FULL_WIDTH
