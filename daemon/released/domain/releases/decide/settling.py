"""Settling what only a person can settle: cancelling, a step in doubt, giving up, a remark."""

from __future__ import annotations

from released.domain import commands as cmd
from released.domain import events as ev
from released.domain.environments.environment import EnvironmentState
from released.domain.errors import NotFound, Refused
from released.domain.ids import Ticket
from released.domain.releases import lifecycle, next_steps
from released.domain.releases.release import ReleaseState


def cancel(command: cmd.Cancel, state: ReleaseState) -> list[ev.Event]:
    """Stop a running release after its present step, or the step too.

    Raises:
        NotFound: the ticket was never run here.
        Refused: it is not running.
    """
    if state.run == 0:
        message = f"Ticket {command.ticket} was never run here, so there is nothing to cancel."
        raise NotFound("ticket_unknown", message, next_steps.run(command.ticket))
    if not state.is_running:
        status = lifecycle.in_words(state.status)
        message = f"Ticket {command.ticket} is {status}, not running, so there is nothing to cancel."
        raise Refused("not_running", message, next_steps.look_at(command.ticket))
    return [ev.CancelRequested(command.request_id, command.reason, command.kill)]


def resolve(command: cmd.Resolve, state: ReleaseState) -> list[ev.Event]:
    """Settle a step that is in doubt.

    Raises:
        Refused: nothing is in doubt, or another step is.
    """
    halt = state.halt
    if halt is None or halt.cause != "in_doubt":
        message = f"Nothing of ticket {command.ticket} is in doubt, so there is nothing to resolve."
        raise Refused("not_in_doubt", message, next_steps.look_at(command.ticket))
    if halt.step != command.step:
        message = f"Not {command.step} is in doubt, but {halt.step or 'how far the release came'}."
        raise Refused("other_step_in_doubt", message, next_steps.after_doubt(state))
    return [ev.StepResolved(command.request_id, command.step, command.done, command.reason)]


def occupant(environment: EnvironmentState, name: str) -> Ticket:
    """Name the ticket whose release occupies an environment.

    Raises:
        Refused: ``not_locked``: none does.
    """
    if environment.lock is None:
        raise Refused("not_locked", f"No release occupies {name}, so there is no lock to release.")
    return Ticket(environment.lock.ticket)


def abandon(command: cmd.Abandon, state: ReleaseState) -> tuple[list[ev.Event], list[ev.Event]]:
    """Give a halted release up: the events for its stream, and those for the environment's.

    Raises:
        Refused: it is not halted.
    """
    if state.status != lifecycle.HALTED:
        status = lifecycle.in_words(state.status)
        message = f"Ticket {command.ticket} is {status}; only a halted release can be given up."
        follow = next_steps.cancel(command.ticket) if state.is_running else next_steps.look_at(command.ticket)
        raise Refused("not_halted", message, follow)
    return [ev.Abandoned(command.request_id, command.reason)], [ev.LockFreed(command.ticket, state.run)]


def note(command: cmd.Note, state: ReleaseState) -> list[ev.Event]:
    """Put a remark on the record.

    Raises:
        NotFound: the ticket was never run here.
    """
    if state.run == 0:
        raise NotFound("ticket_unknown", f"Ticket {command.ticket} was never run here.", next_steps.run(command.ticket))
    return [ev.Noted(command.request_id, command.text)]


def legal_hold(command: cmd.LegalHold, state: ReleaseState) -> list[ev.Event]:
    """Place a legal hold on a ticket, or lift it.

    Raises:
        NotFound: the ticket was never run here.
        Refused: ``legal_hold_present``, ``legal_hold_absent``: there is nothing to place, or to lift.
    """
    if state.run == 0:
        raise NotFound("ticket_unknown", f"Ticket {command.ticket} was never run here.", next_steps.run(command.ticket))
    if command.lift:
        if state.legal_hold is None:
            message = f"Ticket {command.ticket} is under no legal hold."
            raise Refused("legal_hold_absent", message, next_steps.look_at(command.ticket))
        return [ev.LegalHoldLifted(command.request_id, command.reason)]
    if (present := state.legal_hold) is not None:
        since = f"{present.by.name} placed one at {present.at:%Y-%m-%dT%H:%M:%SZ}"
        message = f"Ticket {command.ticket} is under a legal hold already: {since} ({present.text})."
        raise Refused("legal_hold_present", message, next_steps.look_at(command.ticket))
    return [ev.LegalHoldPlaced(command.request_id, command.reason)]
