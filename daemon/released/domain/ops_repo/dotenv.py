"""The ``.env`` of an ops repo: variables in, one variable changed, everything else untouched."""

from __future__ import annotations

import io
import re

from dotenv import dotenv_values
from dotenv.parser import Binding, parse_stream

_NAME = re.compile(r"^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=", re.MULTILINE)
_VALUE = r"""(?:[ \t]*'(?:\\.|[^'\\])*'|[ \t]*"(?:\\.|[^"\\])*"|[^\r\n]*?)"""
_COMMENT_AND_END = r"(?:[ \t]+#[^\r\n]*)?\s*"
_LINE_ENDS = ("\n", "\r")
_LAST_LINE_END = re.compile(r"(\r\n|\n|\r)\Z")
_BYTE_ORDER_MARK = "\ufeff"


def parse(text: str) -> dict[str, str]:
    """Read the variables of a ``.env``, without interpolation."""
    values = dotenv_values(stream=io.StringIO(text), interpolate=False)
    return {name: value or "" for name, value in values.items()}


def names(template: str) -> list[str]:
    """List the variables that a ``tpl.env`` names, in order."""
    return _NAME.findall(template)


def written_value(text: str, name: str) -> str | None:
    """Give a variable's value as it is written, quotes included; ``None`` where no line sets it."""
    lines = [one.original.string for one in _bindings(text) if _assigns(one, name)]
    found = _assignment(name).fullmatch(lines[-1]) if lines else None
    return found["value"] if found else None


def with_variable(text: str, name: str, value: str) -> str:
    """Set one variable; every other line stays as it is, to the byte, and so does a comment behind the value.

    Args:
        text: the file, its line ends untranslated.
        name: the variable; where the file lacks it, it is added at the end.
        value: as it is to be written; an image tag needs no quotes.
    """
    bindings = _bindings(text)
    if any(_assigns(binding, name) for binding in bindings):
        mark = _BYTE_ORDER_MARK if text.startswith(_BYTE_ORDER_MARK) else ""
        return mark + "".join(_with_value(binding, name, value) for binding in bindings)
    if not text or text.endswith(_LINE_ENDS):
        return f"{text}{name}={value}\n"
    return f"{text}\n{name}={value}"  # a file whose last line has no end stays one, so that this can be taken back


def without_variable(text: str, name: str) -> str:
    """Take the lines that set a variable out; every other line stays as it is, to the byte.

    What ``with_variable`` added is gone without a trace.
    """
    bindings = _bindings(text)
    mark = _BYTE_ORDER_MARK if text.startswith(_BYTE_ORDER_MARK) else ""
    kept = mark + "".join(_before(one) if _assigns(one, name) else one.original.string for one in bindings)
    if text.endswith(_LINE_ENDS) or not (bindings and _assigns(bindings[-1], name)):
        return kept
    return _LAST_LINE_END.sub("", kept)


def _bindings(text: str) -> list[Binding]:
    return list(parse_stream(io.StringIO(text, newline="")))


def _before(binding: Binding) -> str:
    """Give the blank lines above an assignment, which the parser counts to it."""
    text = binding.original.string
    blank = text[: len(text) - len(text.lstrip())]
    return blank[: max(blank.rfind(end) for end in _LINE_ENDS) + 1]


def _assigns(binding: Binding, name: str) -> bool:
    return binding.key == name and binding.value is not None


def _with_value(binding: Binding, name: str, value: str) -> str:
    text = binding.original.string
    found = _assignment(name).fullmatch(text) if _assigns(binding, name) else None
    return f"{found['front']}{value}{found['end']}" if found else text


def _assignment(name: str) -> re.Pattern[str]:
    front = rf"\s*(?:export[ \t]+)?'?{re.escape(name)}'?[ \t]*="
    return re.compile(rf"(?P<front>{front})(?P<value>{_VALUE})(?P<end>{_COMMENT_AND_END})", re.DOTALL)
