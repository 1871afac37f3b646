"""Names of remotes and branches: what git is handed can be neither an option nor a path, an expression or a refspec."""

from __future__ import annotations

import re

from released.domain.errors import InvalidInput

_REMOTE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}")
_BRANCH = re.compile(r"(?!.*(\.\.|//|/\.|\.lock(/|$)|[/.]$))[A-Za-z0-9_][A-Za-z0-9._/+-]{0,199}")


def parse_remote(text: str) -> str:
    """Accept the name of a remote.

    Raises:
        InvalidInput: the text is no such name (``remote_invalid``).
    """
    return _matching(_REMOTE, text, "remote_invalid", "a remote such as origin")


def parse_branch(text: str) -> str:
    """Accept the name of a branch.

    Raises:
        InvalidInput: the text is no such name (``branch_invalid``).
    """
    return _matching(_BRANCH, text, "branch_invalid", "a branch such as main")


def _matching(pattern: re.Pattern[str], text: str, code: str, expected: str) -> str:
    if not pattern.fullmatch(text):
        raise InvalidInput(code, f"{text!r} cannot be used: expected {expected}.")
    return text
