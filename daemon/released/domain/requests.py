"""Which command a request was: its id names the event that answers it, so that what is sent twice acts once."""

from __future__ import annotations

from released.domain import events as ev
from released.domain.errors import InvalidInput

_COMMANDS: dict[type[ev.Event], str] = {
    ev.RunRequested: "run",
    ev.PhaseSkipped: "resume",
    ev.Resumed: "resume",
    ev.RevertRequested: "revert",
    ev.Adopted: "adopt",
    ev.CancelRequested: "cancel",
    ev.StepResolved: "resolve",
    ev.Noted: "note",
    ev.LegalHoldPlaced: "legal-hold",
    ev.LegalHoldLifted: "legal-hold",
    ev.OutputExpired: "gc",
    ev.Abandoned: "lock release",
    ev.Held: "hold",
    ev.Unheld: "unhold",
    ev.ReturnStarted: "return-to-main",
    ev.HookStarted: "services run",
    ev.FixStarted: "playbook apply",
    ev.DetectionRan: "playbook match",
}
"""The command that each event answers; what a resume leaves out comes before it."""


def refuse_reused(given: ev.Recorded, command: str, stream: str) -> None:
    """Let a request be answered by what is on record under its id, where that was the same command.

    Raises:
        InvalidInput: ``request_id_reused``: the id belongs to another command, or to one about another ticket.
    """
    if given.stream != stream or _command_of(given.event) != command:
        raise reused(given)


def reused(given: ev.Recorded) -> InvalidInput:
    """Make the error for a request whose id belongs to another one."""
    return InvalidInput(
        "request_id_reused",
        f"This request id was used for {_command_of(given.event)} already ({given.stream}), and a request acts only "
        "once. Leave --request-id out: a new id is made then.",
    )


def _command_of(event: ev.Event) -> str:
    return event.command if isinstance(event, ev.Refused) else _COMMANDS[type(event)]
