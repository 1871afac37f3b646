"""Kinds of values that manifests and the configuration share; each says in words what it expects."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from released.domain.durations import parse_duration_s


def matching(pattern: str, expected: str) -> AfterValidator:
    """Accept text that matches a pattern as a whole, a trailing line break included.

    Args:
        pattern: a regular expression.
        expected: how a message names what was expected.
    """
    compiled = re.compile(pattern)

    def check(value: str) -> str:
        if not compiled.fullmatch(value):
            raise ValueError(f"expected {expected}, got {value!r}")
        return value

    return AfterValidator(check)


def _duration(value: object) -> object:
    """Accept ``120s`` or a plain number of seconds."""
    return parse_duration_s(value) if isinstance(value, str) else value


Duration = Annotated[float, BeforeValidator(_duration), Field(gt=0)]
"""Seconds."""
