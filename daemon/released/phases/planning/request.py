"""What a run is asked to release, before anything is known of it."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from released.domain.events import RunOptions
from released.domain.failure import NextCommand
from released.domain.ids import Sha, Ticket
from released.domain.releases.next_steps import run_with


@dataclass(frozen=True)
class Request:
    """What is to be planned."""

    ticket: Ticket
    options: RunOptions
    base: Sha | None = None
    """BASE_SHA, where a run that has one goes on from prepare."""
    touched: tuple[str, ...] = ()
    """Services that this run has changed already: they stay in its plan, also where a fix leaves none of their paths
    changed."""

    def with_other(self, **options: object) -> tuple[NextCommand, ...]:
        """Give the command that asks for the same with other ``RunOptions``; a run that goes on takes no others."""
        if self.base is not None:
            return ()
        return run_with(self.ticket, msgspec.structs.replace(self.options, **options))
