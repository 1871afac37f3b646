"""What the record knows and a plan depends on."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

from released.domain.environments.environment import Returned
from released.domain.ids import Sha


@dataclass(frozen=True)
class HeldCommits:
    """The commits of a run that was taken back: those of ``merge`` that ``base`` lacks."""

    ticket: str
    base: Sha
    merge: Sha


@dataclass(frozen=True)
class LaterRelease:
    """A release that came after another one and still stands."""

    ticket: str
    state: str
    services: tuple[str, ...]
    started_at: dt.datetime
    is_adopted: bool = False
    """It was released by hand and only taken in, so that nothing takes it back."""


@dataclass(frozen=True)
class History:
    """What the record knows of other releases of the environment."""

    known_tickets: tuple[str, ...]
    is_released: Callable[[str], bool]
    """Tells whether a ticket is released, so that its scripts were run."""
    last_deployed: str | None
    """The commit at which the latest release, or revert of one, left the checkout."""
    held: tuple[HeldCommits, ...] = ()
    returned: Returned | None = None
    """The latest return from a hotfix branch."""
