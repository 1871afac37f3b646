"""Where time, ids and the identity of this host come from; the domain reads none of them."""

from __future__ import annotations

import datetime as dt
import os
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field

from released.adapters.commands.process import boot_id
from released.domain.events import Actor

_REQUESTS = uuid.UUID("5c2e8d2e-5d0b-4bb2-9f06-3cf6c1a1f0ab")


def utc_now() -> dt.datetime:
    """Read the clock."""
    return dt.datetime.now(dt.UTC)


def random_id() -> str:
    """Make an event id."""
    return str(uuid.uuid4())


def id_of_request(environment: str, request_id: str) -> str:
    """Derive the id of the event that answers a request, so that the same request is found again."""
    return str(uuid.uuid5(_REQUESTS, f"{environment}/{request_id}"))


def id_of_end(environment: str, request_id: str) -> str:
    """Derive the id of the event that says how what a request began has ended; no request's id has a slash."""
    return id_of_request(environment, f"{request_id}/end")


def id_of_detection(environment: str, request_id: str, playbook: str) -> str:
    """Derive the id of the event that says what the detection of one playbook found for a request."""
    return id_of_request(environment, f"{request_id}/detection/{playbook}")


@dataclass(frozen=True)
class Instruments:
    """The clock, the source of ids, and who and where this daemon is."""

    now: Callable[[], dt.datetime] = utc_now
    new_id: Callable[[], str] = random_id
    boot_id: str = field(default_factory=boot_id)
    actor: Actor = field(default_factory=lambda: Actor(os.getuid(), "released"))
