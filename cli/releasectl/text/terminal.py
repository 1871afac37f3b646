"""The terminal that people read at, or the pipe that stands for it."""

from __future__ import annotations

import shutil
import textwrap

_FULL_WIDTH = 1000
_WIDEST = 900
"""No terminal is wider: what is, is a pipe, in which nothing is cut or broken."""


def fit(text: str, columns: int) -> str:
    """Cut a text to the width of a terminal, with a mark where it was cut."""
    if columns > _WIDEST:
        return text
    from rich.cells import cell_len, set_cell_size  # noqa: PLC0415 (most commands show nothing that could be too wide)

    return text if cell_len(text) <= columns else set_cell_size(text, columns - 1).rstrip() + "…"


def prose(text: str, columns: int) -> list[str]:
    """Break lines of a terminal between words; what is set off, a command or a path, stays whole."""
    lines = text.splitlines()
    if columns > _WIDEST:
        return lines
    return [part for line in lines for part in ([line] if line[:1].isspace() else _broken(line, columns))]


def _broken(line: str, columns: int) -> list[str]:
    return textwrap.wrap(line, columns, break_long_words=False, break_on_hyphens=False) or [line]


def width(terminal: bool) -> int:  # noqa: FBT001 (reads as width of a terminal)
    """Give the columns that lines may take; beyond a terminal there is no need to save any."""
    return shutil.get_terminal_size().columns if terminal else _FULL_WIDTH
