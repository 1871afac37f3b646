"""The symptom of a playbook: lines that are found, letter by letter, in what a failure printed."""

from __future__ import annotations

import re
from typing import NamedTuple

_WILDCARD = re.compile(r"<[^<>\n]*>")
_MARK = "[ERROR] "
"""Put in front of a message when it is shown; it is not on record."""


class SymptomLine(NamedTuple):
    """A line to be found; ``<…>`` stands for anything within a line."""

    text: str
    pieces: tuple[str, ...]
    """What stands between the wildcards, in order."""

    @property
    def letters(self) -> int:
        """Count the letters and digits that must be found: what makes the line tell anything."""
        return sum(character.isalnum() for piece in self.pieces for character in piece)

    def captures(self, line: str) -> list[tuple[str, str]]:
        """Give the name of each wildcard, and what stands at its place in a line in which this one is found."""
        gaps, at = [], 0
        for piece in self.pieces:
            found = line.find(piece, at)
            gaps.append(line[at:found])
            at = found + len(piece)
        if not self.pieces[-1]:
            gaps[-1] = line[at:]
        names = (wildcard[1:-1] for wildcard in _WILDCARD.findall(self.text))
        return [(name, gap.strip()) for name, gap in zip(names, gaps[1:], strict=True)]

    def is_found_in(self, line: str) -> bool:
        """Tell whether the pieces stand in a line, in their order, wherever they are."""
        at = 0
        for piece in self.pieces:
            found = line.find(piece, at)
            if found < 0:
                return False
            at = found + len(piece)
        return True


def symptom_lines(symptom: str) -> tuple[SymptomLine, ...]:
    """Take a symptom apart into the lines that are looked for; empty ones are none."""
    lines = (line.strip().removeprefix(_MARK) for line in symptom.splitlines())
    return tuple(SymptomLine(line, tuple(_WILDCARD.split(line))) for line in lines if line)
