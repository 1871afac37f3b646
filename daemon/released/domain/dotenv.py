"""The ``.env`` of an ops repo: variables in, one variable changed, everything else untouched."""

from __future__ import annotations

import io
import re

from dotenv import dotenv_values

_NAME = re.compile(r"^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=", re.MULTILINE)


def parse(text: str) -> dict[str, str]:
    """Read the variables of a ``.env``, without interpolation."""
    values = dotenv_values(stream=io.StringIO(text), interpolate=False)
    return {name: value or "" for name, value in values.items()}


def names(template: str) -> list[str]:
    """List the variables that a ``tpl.env`` names, in order."""
    return _NAME.findall(template)


def with_variable(text: str, name: str, value: str) -> str:
    """Set one variable; every other line stays as it is, to the byte. ``value`` needs no quotes (an image tag)."""
    line = re.compile(rf"^([ \t]*(?:export[ \t]+)?{re.escape(name)}[ \t]*=).*$", re.MULTILINE)
    if line.search(text):
        return line.sub(lambda match: f"{match[1]}{value}", text)
    ending = "" if not text or text.endswith("\n") else "\n"
    return f"{text}{ending}{name}={value}\n"
