"""Takes control sequences out of text that others wrote, so that it cannot move the cursor or repaint the terminal."""

from __future__ import annotations

import re

_SEQUENCE = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"  # colours, cursor movement
    r"|(?:\x1b\]|\x9d)[^\x07\x1b\x9c\n]*(?:\x07|\x1b\\|\x9c)?"  # window titles, links, the clipboard
    r"|(?:\x1b[PX^_]|[\x90\x98\x9e\x9f])[^\x1b\x9c\n]*(?:\x1b\\|\x9c)?"  # device control strings
    r"|\x1b[ -/]*[0-~]?"
)
_LINE_ENDS = re.compile(r"\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_CONTROL = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""What is left after sequences and line ends; the last groups turn the direction of writing around."""


def clean(text: str) -> str:
    """Keep only what can be read, tabs and line ends; a carriage return ends a line."""
    return _CONTROL.sub("", _LINE_ENDS.sub("\n", _SEQUENCE.sub("", text)))


def one_line(text: str) -> str:
    """Clean a text and put it on one line; leading spaces stay, they set lines off."""
    return " ".join(clean(text).expandtabs(1).splitlines()).rstrip()
