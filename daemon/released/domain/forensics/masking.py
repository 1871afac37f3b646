"""A secret that is found on record later: where it stands, and what is put in its place."""

from __future__ import annotations

from typing import Any

from released.domain.errors import InvalidInput
from released.domain.redaction import Redactor, secret_values

SHORTEST = 4
"""A shorter text stands in too many words."""


def redactor_of(secret: str, reason: str) -> Redactor:
    """Make what masks a secret, and each line of one that has several.

    Raises:
        InvalidInput: ``secret_invalid``: it is too short, or the reason itself would tell it.
    """
    if len(secret) < SHORTEST:
        raise InvalidInput(
            "secret_invalid", f"A secret that is to be taken out of the record has at least {SHORTEST} characters."
        )
    redactor = Redactor((secret, *secret_values({"SECRET": secret})))
    if redactor.mask(reason) != reason:
        raise InvalidInput("secret_invalid", "The reason has the secret in it, and would put it on record again.")
    return redactor


def masked(payload: dict[str, Any], redactor: Redactor) -> dict[str, Any]:
    """Mask every text in a payload; the names of its fields stay."""
    return {name: _masked(value, redactor) for name, value in payload.items()}


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


def blotted(content: bytes, redactor: Redactor) -> bytes:
    """Mask an output: as many bytes as before, so that its index still tells when each part was printed."""
    return redactor.blot(content.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")
