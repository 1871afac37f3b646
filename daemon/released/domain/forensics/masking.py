"""A secret that is found on record later: where it stands, and what is put in its place."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from released.domain.errors import InvalidInput
from released.domain.redaction import Redactor

SHORTEST = 4
"""A shorter text stands in too many words."""
_FREE_TEXT = frozenset(
    (
        *("argv", "command", "condition", "doing", "effect", "evidence", "failed", "health_log", "lines", "log"),
        *("message", "missing", "output", "reason", "refused", "said", "settled", "text", "unseen", "warnings"),
    )
)
"""Names of fields whose texts people and programs wrote, and nobody acts upon. All others are names and numbers."""


def redactor_of(secret: str, reason: str) -> Redactor:
    """Make what masks a secret, and each line of one that has several.

    Raises:
        InvalidInput: ``secret_invalid``: it is too short, or the reason itself would tell it.
    """
    lines = [line.strip() for line in secret.splitlines()]
    if len(secret) < SHORTEST:
        raise InvalidInput(
            "secret_invalid", f"A secret that is to be taken out of the record has at least {SHORTEST} characters."
        )
    redactor = Redactor((secret, *(line for line in lines if len(line) >= SHORTEST)))
    if redactor.mask(reason) != reason:
        raise InvalidInput("secret_invalid", "The reason has the secret in it, and would put it on record again.")
    return redactor


def masked(payload: dict[str, Any], redactor: Redactor) -> dict[str, Any]:
    """Mask every text in a payload; the names of its fields stay."""
    return {name: _masked(value, redactor) for name, value in payload.items()}


def needed(payload: dict[str, Any], redactor: Redactor) -> str | None:
    """Name the first field that tells the secret and is more than text, for instance ``plan.merge_sha``."""
    return next(_needed(payload, redactor, "", is_free=False), None)


def blotted(content: bytes, redactor: Redactor) -> bytes:
    """Mask an output: as many bytes as before, so that its index still tells when each part was printed."""
    return redactor.blot(content.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")


def tells(text: str, redactor: Redactor) -> bool:
    """Tell whether a text holds the secret."""
    return redactor.mask(text) != text


def _masked(value: object, redactor: Redactor) -> object:
    match value:
        case str():
            return redactor.mask(value)
        case list():
            return [_masked(one, redactor) for one in value]
        case dict():
            return masked(value, redactor)
        case _:
            return value


def _needed(value: object, redactor: Redactor, path: str, *, is_free: bool) -> Iterator[str]:
    match value:
        case str() if not is_free and tells(value, redactor):
            yield path
        case list():
            for one in value:
                yield from _needed(one, redactor, path, is_free=is_free)
        case dict():
            for name, one in value.items():
                where = f"{path}.{name}".lstrip(".")
                if tells(name, redactor):
                    yield path or "its fields"
                yield from _needed(one, redactor, where, is_free=name in _FREE_TEXT)
        case _:
            pass
