"""Entering the way back."""

from __future__ import annotations

from released.domain import commands as cmd
from released.domain import events as ev
from released.domain.environments.environment import EnvironmentState
from released.domain.environments.hook import refuse_while_hook_runs
from released.domain.errors import InvalidInput, NotFound, Refused
from released.domain.releases import lifecycle, next_steps
from released.domain.releases.decide.starting import refuse_busy
from released.domain.releases.release import ReleaseState
from released.domain.revert.plan import RevertPlan


def admit_revert(command: cmd.Revert, state: ReleaseState, environment: EnvironmentState) -> None:
    """Refuse what no look at the world could make right: the ticket's own state, the options, the lock.

    Raises:
        Refused: there is nothing to take back, or another release occupies the environment.
        InvalidInput: the options contradict each other.
    """
    options = command.options
    if options.skip_git and options.skip_data:
        raise InvalidInput("nothing_left", "--skip-git and --skip-data together leave nothing to take back.")
    if options.skip_data and options.with_data:
        raise InvalidInput("options_contradict", "--skip-data restores no data, so --with-data has nothing to say.")
    if options.skip_git and options.push:
        raise InvalidInput("options_contradict", "--skip-git makes no commit, so --push has nothing to push.")
    if state.status not in lifecycle.REVERTIBLE:
        raise _not_revertible(command, state)
    _refuse_nothing_to_bring_back(command, state)
    refuse_while_hook_runs(environment)
    if not state.occupies:
        refuse_busy(environment)


def _refuse_nothing_to_bring_back(command: cmd.Revert, state: ReleaseState) -> None:
    ticket, reversal = command.ticket, state.reversal
    if state.status == lifecycle.HALTED and state.is_way_back:
        message = f"Ticket {ticket} is halted on its way back already; let that go on."
        raise Refused("halted_in_revert", message, next_steps.while_halted(state))
    if state.status == lifecycle.REVERTED and reversal and reversal.from_status != lifecycle.RELEASED:
        raise Refused(
            "nothing_whole_before",
            f"Ticket {ticket} was {reversal.from_status} when it was taken back, so what stood before was half a "
            "release; that is not brought back. Run the ticket again instead.",
            next_steps.run(ticket),
        )
    if state.is_adopted:
        raise Refused(
            "nothing_was_saved",
            f"Ticket {ticket} was released by hand and only taken in, so nothing was saved before it that could be "
            "brought back. Release a fix, or a commit that takes the change back.",
            next_steps.look_at(ticket),
        )


def _not_revertible(command: cmd.Revert, state: ReleaseState) -> Refused | NotFound:
    ticket = command.ticket
    if state.is_running:
        message = f"Ticket {ticket} is {lifecycle.in_words(state.status)}; stop it first, then take it back."
        return Refused("still_running", message, next_steps.cancel(ticket))
    if state.run == 0:
        return NotFound("ticket_unknown", f"Ticket {ticket} was never run here, so there is nothing to take back.")
    message = (
        f"Ticket {ticket} is {lifecycle.in_words(state.status)}: it changed nothing, so there is nothing to take back."
    )
    return Refused("nothing_to_revert", message, next_steps.look_at(ticket))


def revert(
    command: cmd.Revert, plan: RevertPlan, state: ReleaseState, environment: EnvironmentState
) -> tuple[list[ev.Event], list[ev.Event]]:
    """Enter the way back: the events for the release's stream, and those for the environment's.

    Raises:
        Refused, InvalidInput: see ``admit_revert``.
    """
    admit_revert(command, state, environment)
    requested = ev.RevertRequested(state.run, command.request_id, plan, command.options)
    return [requested], [] if state.occupies else [ev.LockTaken(command.ticket, state.run)]
