"""The terminal that people read at, or the pipe that stands for it."""

from __future__ import annotations

import shutil

_FULL_WIDTH = 1000


def fit(text: str, columns: int) -> str:
    """Cut a text to a width, with a mark where it was cut."""
    from rich.cells import cell_len, set_cell_size  # noqa: PLC0415 (most commands show nothing that could be too wide)

    return text if cell_len(text) <= columns else set_cell_size(text, columns - 1).rstrip() + "…"


def width(terminal: bool) -> int:  # noqa: FBT001 (reads as width of a terminal)
    """Give the columns that lines may take; beyond a terminal there is no need to save any."""
    return shutil.get_terminal_size().columns if terminal else _FULL_WIDTH
