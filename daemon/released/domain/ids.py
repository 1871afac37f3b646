"""Names that arrive from outside, validated once and trusted from then on (spec: Words)."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import NewType

from released.domain.errors import InvalidInput

Ticket = NewType("Ticket", str)
"""The key of a release inside an environment."""
ServiceName = NewType("ServiceName", str)
"""The folder of a service under ``packages/``."""
HookName = NewType("HookName", str)
"""A file below a service's ``scripts/``, with or without its ending."""
Sha = NewType("Sha", str)
"""A full, lower-case git object id of 40 hex digits."""
RequestId = NewType("RequestId", str)
"""A client-made id; a command that is sent twice with it acts once."""

_TICKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_SERVICE = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_HOOK = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._+@-]{0,127}")
_PLAYBOOK = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_SHA = re.compile(r"[0-9a-f]{40}")
_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{8,128}")


class Phase(StrEnum):
    """The four phases of a release, in order, and the way back."""

    PREPARE = "prepare"
    MIGRATE = "migrate"
    TICKET = "ticket"
    VERIFY = "verify"
    REVERT = "revert"


PHASES = (Phase.PREPARE, Phase.MIGRATE, Phase.TICKET, Phase.VERIFY)
"""The phases of a release, in order."""


def parse_ticket(text: str) -> Ticket:
    """Accept a ticket name.

    Raises:
        InvalidInput: the text is not a ticket name.
    """
    if not _TICKET.fullmatch(text):
        raise InvalidInput(
            "ticket_invalid",
            f"{text!r} is not a ticket name: expected 1 to 64 letters, digits, '.', '_' or '-', "
            "starting with a letter or digit.",
        )
    return Ticket(text)


def parse_service(text: str) -> ServiceName:
    """Accept a service name.

    Raises:
        InvalidInput: the text is not a service name.
    """
    if not _SERVICE.fullmatch(text):
        raise InvalidInput("service_invalid", f"{text!r} is not a service name: expected its folder below packages/.")
    return ServiceName(text)


def parse_hook(text: str) -> HookName:
    """Accept the name of a hook.

    Raises:
        InvalidInput: the text is not a plain file name.
    """
    if not _HOOK.fullmatch(text):
        raise InvalidInput("hook_invalid", f"{text!r} is not a hook: expected the name of a file below scripts/.")
    return HookName(text)


def parse_playbook(text: str) -> str:
    """Accept the id of a playbook.

    Raises:
        InvalidInput: the text is no id.
    """
    if not _PLAYBOOK.fullmatch(text):
        raise InvalidInput("playbook_invalid", f"{text!r} is not a playbook: expected an id-in-kebab-case.")
    return text


def parse_sha(text: str) -> Sha:
    """Accept a full git object id.

    Raises:
        InvalidInput: the text is not 40 hex digits.
    """
    if not _SHA.fullmatch(text):
        raise InvalidInput("sha_invalid", f"{text!r} is not a commit: expected its full id of 40 hex digits.")
    return Sha(text)


def parse_phase(text: str) -> Phase:
    """Accept a phase name.

    Raises:
        InvalidInput: the text names no phase.
    """
    try:
        return Phase(text)
    except ValueError:
        raise InvalidInput("phase_unknown", f"{text!r} is not a phase: expected one of {', '.join(Phase)}.") from None


def parse_request_id(text: str) -> RequestId:
    """Accept a client-made request id.

    Raises:
        InvalidInput: the text is too short, too long, or holds other characters.
    """
    if not _REQUEST_ID.fullmatch(text):
        raise InvalidInput("request_id_invalid", f"{text!r} is not a request id: expected 8 to 128 of A-Za-z0-9._:-")
    return RequestId(text)
