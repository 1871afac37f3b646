"""What a program printed, without what only a terminal reads."""

from __future__ import annotations

import re

_ESCAPE = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")


def plain_lines(text: str) -> list[str]:
    """Give the lines of a text without colours and movements of the cursor."""
    return _ESCAPE.sub("", text).splitlines()
