"""The exact commands that an operator may type next, for every state in which one is needed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from released.domain.failure import NextCommand
from released.domain.ids import Phase

if TYPE_CHECKING:
    from released.domain.release import ReleaseState

CLIENT = "releasectl"


def run(ticket: str, *options: str) -> tuple[NextCommand, ...]:
    """Start the ticket."""
    return (NextCommand((CLIENT, "run", ticket, *options), f"releases ticket {ticket}", "changes"),)


def follow(ticket: str) -> tuple[NextCommand, ...]:
    """Follow a release that is under way."""
    return (NextCommand((CLIENT, "watch", ticket), f"follows ticket {ticket} until it ends"),)


def look_at(ticket: str) -> tuple[NextCommand, ...]:
    """See where a release stands."""
    return (NextCommand((CLIENT, "status", ticket), f"shows where ticket {ticket} stands"),)


def after_halt(state: ReleaseState) -> tuple[NextCommand, ...]:
    """Go on with a halted release, or look closer."""
    ticket, phase = state.ticket, state.phase or Phase.PREPARE
    return (
        NextCommand((CLIENT, "resume", ticket), "goes on with the first unfinished step", "changes"),
        NextCommand((CLIENT, "run", ticket, f"--from={phase}"), f"does phase {phase} again", "changes"),
        NextCommand((CLIENT, "logs", ticket, f"--phase={phase}"), "shows what the tools of that phase printed"),
    )
