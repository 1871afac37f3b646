"""Opening a run: of a ticket that is released, or of a release that was done by hand and is taken in."""

from __future__ import annotations

from released.domain import commands as cmd
from released.domain import events as ev
from released.domain.environments.environment import EnvironmentState
from released.domain.environments.hook import refuse_while_hook_runs
from released.domain.environments.returning import refuse_while_returning
from released.domain.errors import InvalidInput, Refused
from released.domain.ids import Phase
from released.domain.releases import lifecycle, next_steps
from released.domain.releases.plan import ReleasePlan
from released.domain.releases.release import ReleaseState


def admit_start(command: cmd.StartRun, state: ReleaseState, environment: EnvironmentState) -> None:
    """Refuse what no look at the world could make right: the ticket's own state and the lock.

    Raises:
        Refused: the ticket is running, halted or released, another release occupies the environment, or a hook runs
            there by hand.
        InvalidInput: a phase is to be skipped that cannot be, or without a reason.
    """
    _check_skips(command)
    if state.status not in lifecycle.STARTABLE:
        raise _not_startable(command, state)
    refuse_busy(environment)


def refuse_busy(environment: EnvironmentState) -> None:
    """Refuse while a release occupies the environment, its checkout goes back, or a hook runs by hand.

    Raises:
        Refused: ``environment_busy``, with who occupies it since when; ``returning``; ``hook_running``.
    """
    refuse_while_hook_runs(environment)
    refuse_while_returning(environment)
    lock = environment.lock
    if lock is not None:
        raise Refused(
            "environment_busy",
            f"Ticket {lock.ticket} occupies the environment since {lock.since:%Y-%m-%dT%H:%M:%SZ} "
            f"(started by {lock.actor.name}). One release at a time: let it end, or settle it, then try again.",
            (*next_steps.look_at(lock.ticket), *next_steps.diagnose(lock.ticket)),
        )


def _check_skips(command: cmd.StartRun) -> None:
    skip, reason = command.options.skip, command.options.reason
    if Phase.PREPARE in skip:
        raise InvalidInput("skip_impossible", "prepare cannot be skipped: it is what brings the new code.")
    if Phase.REVERT in skip:
        raise InvalidInput("skip_impossible", "revert is the way back and no phase of a run, so it cannot be skipped.")
    if command.options.include_reverted and not reason:
        raise InvalidInput(
            "reason_missing", "--include-reverted needs a reason (--reason): say what mends the commits that come back."
        )
    if skip and not reason:
        names = ", ".join(skip)
        raise InvalidInput("reason_missing", f"Skipping {names} needs a reason (--reason); it is put on the record.")


def _not_startable(command: cmd.StartRun, state: ReleaseState) -> Refused:
    ticket = command.ticket
    if state.is_running:
        message = f"Ticket {ticket} is under way already (run {state.run}, {state.status})."
        return Refused("already_running", message, next_steps.follow(ticket))
    if state.status == lifecycle.HALTED:
        message = f"Ticket {ticket} is halted in phase {state.phase}; a halted release is resumed, not run again."
        return Refused("halted", message, next_steps.while_halted(state))
    message = f"Ticket {ticket} was released already (run {state.run}, {state.head[:12]})."
    return Refused("already_released", message, next_steps.look_at(ticket))


def start(
    command: cmd.StartRun,
    plan: ReleasePlan,
    state: ReleaseState,
    environment: EnvironmentState,
    environment_name: str,
) -> tuple[list[ev.Event], list[ev.Event]]:
    """Open a run: the events for the release's stream, and those for the environment's.

    Raises:
        Refused: see ``admit_start``.
    """
    admit_start(command, state, environment)
    run = state.run + 1
    requested = ev.RunRequested(run, command.request_id, environment_name, plan, command.options)
    if plan.nothing_to_do:
        prepare = Phase.PREPARE
        return [requested, ev.PhaseStarted(prepare, ()), ev.PhaseCompleted(prepare), ev.NothingToDo(run)], []
    return [requested], [ev.LockTaken(command.ticket, run)]


def admit_adopt(command: cmd.Adopt, state: ReleaseState, environment: EnvironmentState) -> None:
    """Refuse to take in what cannot have been released by hand just now.

    Raises:
        Refused: the ticket is under way or released already, or another release occupies the environment.
    """
    if state.status not in lifecycle.STARTABLE:
        raise _not_startable(cmd.StartRun(command.ticket, command.request_id), state)
    refuse_busy(environment)


def adopt(
    command: cmd.Adopt, plan: ReleasePlan, state: ReleaseState, environment: EnvironmentState, deployed: str = ""
) -> tuple[list[ev.Event], list[ev.Event]]:
    """Take in a release that was done by hand: the events for its stream, and those for the environment's.

    Args:
        command: what the operator asked for.
        plan: what the release consisted of.
        state: of the ticket.
        environment: as it stands.
        deployed: the commit that is deployed, where a later release brought that; empty: the release's own.

    Raises:
        Refused: see ``admit_adopt``.
    """
    admit_adopt(command, state, environment)
    run = state.run + 1
    # It occupied the environment, and is over: from here on what was deployed before does not count any more.
    occupied: list[ev.Event] = [ev.LockTaken(command.ticket, run), ev.LockFreed(command.ticket, run)]
    return [ev.Adopted(run, command.request_id, plan, command.reason, deployed)], occupied
