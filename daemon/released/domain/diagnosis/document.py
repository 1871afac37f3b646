"""What ``diagnose`` tells of a ticket: one document, shown as one screen."""

from __future__ import annotations

import datetime as dt

import msgspec

from released.domain.failure import NextCommand
from released.domain.releases.surroundings import Surroundings


class Cause(msgspec.Struct, frozen=True):
    """Why it failed."""

    code: str
    """Stable: the recorded code, or a closer one where the evidence tells more."""
    sentence: str


class Clue(msgspec.Struct, frozen=True):
    """One fact that the evidence gives away."""

    kind: str
    """``variable``, ``endpoint``, ``network``, ``credential``, ``image``, ``registry``, ``path``, ``line``, ``disk``,
    ``memory``, ``port``, ``migration``, ``commit``."""
    subject: str
    """What it is about: the variable's name, host and port, the image …"""
    untrusted_detail: str = ""
    """The line that tells it; it may come from outside."""


class Certainty(msgspec.Struct, frozen=True):
    """What is known to be so, what is not, and what the daemon did about it by itself or will do; sentences."""

    certain: tuple[str, ...] = ()
    doubtful: tuple[str, ...] = ()
    recovery: tuple[str, ...] = ()


class Evidence(msgspec.Struct, frozen=True):
    """What was captured at the moment of failure."""

    message: str = ""
    untrusted_output: str = ""
    """What the failed step printed last, or its containers."""
    surroundings: Surroundings | None = None


class ServiceChange(msgspec.Struct, frozen=True):
    """What this release brings for a service, against the last good release of it."""

    service: str
    since_ticket: str
    """Empty where no good release of it is on record."""
    since: dt.datetime | None
    base: str
    merge: str
    image_before: str
    image_now: str
    paths: tuple[str, ...]


class Recommendation(msgspec.Struct, frozen=True):
    """What to do, and why."""

    choice: str
    """``resume``, ``revert``, ``settle``, ``run``, ``wait`` or ``nothing``."""
    why: str


class Occurrence(msgspec.Struct, frozen=True):
    """The same failure, before."""

    ticket: str
    run: int
    at: dt.datetime
    version: int
    """Of the event in its ticket's stream."""
    solved: str
    """How, as a sentence; empty where it was not."""


class Diagnosis(msgspec.Struct, frozen=True):
    """All of it."""

    ticket: str
    run: int
    state: str
    kind: str
    """``halted``, ``in_doubt``, ``running``, ``overdue``, ``refused``, ``nothing_to_do``, ``released``, ``reverted``,
    ``abandoned``."""
    phase: str
    step: str
    at: dt.datetime | None
    """When it failed, or since when the phase is under way."""
    version: int
    """Of the event that tells of the failure, in the ticket's stream; 0 where there is none."""
    cause: Cause
    certainty: Certainty
    clues: tuple[Clue, ...]
    evidence: Evidence
    changes: tuple[ServiceChange, ...]
    recommendation: Recommendation
    before: tuple[Occurrence, ...]
    """The latest first."""
    by_hand: tuple[str, ...]
    """What only a person can do, before the commands."""
    next: tuple[NextCommand, ...]
    """In the order in which they are typed; those with a condition only where it holds."""


class Present(msgspec.Struct, frozen=True):
    """What is looked at when it is asked for: all else is from the record."""

    now: dt.datetime
    health: tuple[str, ...] = ()
    """One line per check of the service at fault, ``✓`` or ``✗``; empty where nothing was checked."""
    usual_s: float | None = None
    """What the phase takes as a rule, in seconds."""
    repo: str = ""
    """Where the checkout is."""

    @property
    def is_well(self) -> bool:
        """True where the service at fault is well by now."""
        return bool(self.health) and not any(line.startswith("✗") for line in self.health)
