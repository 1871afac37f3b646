"""The exact commands that an operator may type next, for every state in which one is needed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from released.domain.failure import NextCommand
from released.domain.ids import PHASES, Phase

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
    if state.halt is not None and state.halt.cause == "in_doubt":
        return after_doubt(state)
    ticket, phase = state.ticket, state.phase or Phase.PREPARE
    return (
        NextCommand((CLIENT, "resume", ticket), "goes on with the first unfinished step", "changes"),
        NextCommand((CLIENT, "run", ticket, f"--from={phase}"), f"does phase {phase} again", "changes"),
        _look_closer(ticket, phase),
    )


def after_doubt(state: ReleaseState) -> tuple[NextCommand, ...]:
    """Decide on a step of which nobody can know from here whether it took effect."""
    ticket, phase = state.ticket, state.phase or Phase.PREPARE
    choices = {phase: f"does the step again, and what is left of phase {phase}"}
    if phase is not PHASES[-1]:
        choices[PHASES[PHASES.index(phase) + 1]] = f"takes phase {phase} for settled and leaves out what is left of it"
    return (
        _look_closer(ticket, phase),
        *(
            NextCommand((CLIENT, "run", ticket, f"--from={begin}", "--reason", "what you found"), effect, "changes")
            for begin, effect in choices.items()
        ),
    )


def _look_closer(ticket: str, phase: Phase) -> NextCommand:
    return NextCommand((CLIENT, "logs", ticket, f"--phase={phase}"), "shows what the tools of that phase printed")
