"""Trailers: the lines at the end of a commit message that are meant for programs."""

from __future__ import annotations

import re

_TRAILER = re.compile(r"([A-Za-z0-9-]+): *(.*)")


def trailers(message: str) -> dict[str, str]:
    """Read the ``Key: value`` lines of the last paragraph; of a key that comes twice the last counts.

    The first paragraph is the subject, which has none, whatever it looks like.
    """
    paragraphs = re.split(r"\n\s*\n", message.strip())
    lines = paragraphs[-1].splitlines() if len(paragraphs) > 1 else []
    return {found[1]: found[2].strip() for found in map(_TRAILER.fullmatch, lines) if found}
