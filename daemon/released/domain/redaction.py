"""Which values are secret, and how they are kept out of text (spec: Configuration).

The shim masks the streams of commands by the same rule in its own words, because it imports nothing else of ours;
a test holds the two equal.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping

MASK = "***"
SHORTEST_SECRET = 8
"""Shorter values are words of everyday output; masking them would hide more than it protects."""

_SECRET_NAME = re.compile("PASSWORD|SECRET|TOKEN|KEY|CREDENTIAL", re.IGNORECASE)


def secret_values(variables: Mapping[str, str], also: Collection[str] = ()) -> tuple[str, ...]:
    """List the values of ``.env`` variables that must not be shown, longest first, each once.

    Of a value with several lines each line is listed too: tools print such values, keys above all, line by line with
    something before each.

    Args:
        variables: names and values.
        also: more names whose values are secret, as configured in ``redact``; upper and lower case are the same.
    """
    listed = {name.upper() for name in also}
    secret = {value for name, value in variables.items() if name.upper() in listed or _SECRET_NAME.search(name)}
    shown = secret | {line.strip() for value in secret for line in value.splitlines()}
    return _longest_first(text for text in shown if len(text) >= SHORTEST_SECRET)


class Redactor:
    """Masks secrets in text, by value."""

    def __init__(self, values: Iterable[str]) -> None:
        self._pattern = re.compile("|".join(map(re.escape, _longest_first(values))) or r"(?!)")

    def mask(self, text: str) -> str:
        """Replace each secret by ``***``: leftmost first, at one place the longest."""
        return self._pattern.sub(MASK, text)

    def blot(self, text: str) -> str:
        """Replace each secret by as many asterisks as it has bytes in UTF-8."""
        return self._pattern.sub(lambda found: "*" * len(found[0].encode()), text)


def _longest_first(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted({value for value in values if value}, key=lambda value: (-len(value), value)))
