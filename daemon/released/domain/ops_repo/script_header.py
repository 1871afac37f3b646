"""The header comment of a script: ``# released: repeatable timeout=10m idle=2m`` (spec: ticket)."""

from __future__ import annotations

import re

import msgspec

from released.domain.durations import parse_duration_s
from released.domain.errors import Refused

_HEADER = re.compile(r"^#[ \t]*released:[ \t]*(.*)$", re.MULTILINE)
_HEAD_BYTES = 4096


class Header(msgspec.Struct, frozen=True):
    """What a script declares of itself."""

    repeatable: bool = False
    timeout_s: float | None = None
    idle_s: float | None = None


def parse_header(content: bytes, path: str) -> Header:
    """Read the header of a script; without one nothing is declared.

    Raises:
        Refused: a word of it is not known, so that a misspelt limit is not silently no limit.
    """
    match = _HEADER.search(content[:_HEAD_BYTES].decode("utf-8", "replace"))
    header = Header()
    for word in match[1].split() if match else ():
        header = _declare(header, word, path)
    return header


def _declare(header: Header, word: str, path: str) -> Header:
    key, _, value = word.partition("=")
    try:
        match key:
            case "repeatable" if not value:
                return msgspec.structs.replace(header, repeatable=True)
            case "timeout":
                return msgspec.structs.replace(header, timeout_s=_limit_s(value))
            case "idle":
                return msgspec.structs.replace(header, idle_s=_limit_s(value))
            case _:
                raise ValueError(f"expected repeatable, timeout=DURATION or idle=DURATION, got {word!r}")
    except ValueError as error:
        raise Refused("script_header_invalid", f"The header of {path} is wrong: {error}.") from None


def _limit_s(text: str) -> float:
    seconds = parse_duration_s(text)
    if not seconds:
        raise ValueError(f"expected a limit longer than nothing, got {text!r}")
    return seconds
