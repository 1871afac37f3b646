"""Names of remotes, branches and refs of ours: never an option, a path, an expression or a refspec to git."""

from __future__ import annotations

import re

from released.domain.errors import InvalidInput

_REMOTE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}")
_BRANCH = re.compile(r"(?!.*(\.\.|//|/\.|\.lock(/|$)|[/.]$))[A-Za-z0-9_][A-Za-z0-9._/+-]{0,199}")

_KEPT = re.compile(r"(?!.*(\.\.|/\.|\.lock(/|$)|\.$))(?!remote(/|$))[A-Za-z0-9_][A-Za-z0-9._-]*(/[A-Za-z0-9._-]+)*")


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


def parse_kept_name(text: str) -> str:
    """Accept the name under which a commit is kept; those below ``remote/`` belong to what is fetched.

    Raises:
        InvalidInput: the text is no such name (``kept_name_invalid``).
    """
    return _matching(_KEPT, text, "kept_name_invalid", "a name such as reverted/1234")


def _matching(pattern: re.Pattern[str], text: str, code: str, expected: str) -> str:
    if not pattern.fullmatch(text):
        raise InvalidInput(code, f"{text!r} cannot be used: expected {expected}.")
    return text
