"""Decisions on what operators ask for: a command and the present state in, events out, nothing touched."""

from __future__ import annotations

from released.domain import commands as cmd
from released.domain import events as ev
from released.domain import lifecycle, next_steps
from released.domain.environment import EnvironmentState
from released.domain.errors import InvalidInput, NotFound, Refused
from released.domain.hook import refuse_while_hook_runs
from released.domain.ids import PHASES, Phase, Ticket
from released.domain.plan import ReleasePlan
from released.domain.release import ReleaseState, required
from released.domain.returning import refuse_while_returning
from released.domain.revert_plan import RevertPlan


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
            next_steps.look_at(lock.ticket),
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
        return Refused("halted", message, next_steps.after_halt(state))
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


def admit_resume(command: cmd.ResumeRun, state: ReleaseState) -> Phase:
    """Name the phase in which a halted release goes on.

    Raises:
        Refused: the release is not halted, it is in doubt and the operator has not decided, or the phase would deploy
            what stands in a checkout that has not moved.
        InvalidInput: a phase would be left out without a reason.
    """
    if state.status != lifecycle.HALTED or state.phase is None:
        raise _not_resumable(command, state)
    _refuse_undecided(command, state)
    phase = command.from_phase or state.next_phase() or state.phase
    _refuse_other_way(state, phase)
    if phase is Phase.REVERT:
        return phase
    if phase is not Phase.PREPARE and state.head != required(state.plan).merge_sha:
        raise Refused(
            "checkout_not_moved",
            f"prepare has not brought the checkout to {required(state.plan).merge_sha} yet, so {phase} would work on "
            "the old code. Go on with prepare.",
            next_steps.after_halt(state),
        )
    if _left_out(state, phase) and not command.reason:
        names = ", ".join(_left_out(state, phase))
        raise InvalidInput(
            "reason_missing",
            f"Going on from {phase} leaves {names} unfinished; say why with --reason, it is put on the record.",
            next_steps.after_halt(state),
        )
    return phase


def _refuse_other_way(state: ReleaseState, phase: Phase) -> None:
    """A release that is halted on its way back only goes on back, and no other goes there by a resume."""
    if state.is_way_back and phase is not Phase.REVERT:
        raise Refused(
            "halted_in_revert",
            f"Ticket {state.ticket} is halted on its way back; it can only go on there, not in {phase}.",
            next_steps.after_halt(state),
        )
    if phase is Phase.REVERT and not state.is_way_back:
        raise Refused(
            "not_reverting",
            f"Ticket {state.ticket} is not on its way back; a revert is begun with releasectl revert {state.ticket}.",
            next_steps.revert(state.ticket),
        )


def _not_resumable(command: cmd.ResumeRun, state: ReleaseState) -> Refused:
    ticket = command.ticket
    if state.status == lifecycle.NEW:
        message = f"Ticket {ticket} was never run here, so there is nothing to resume."
        return Refused("not_halted", message, next_steps.run(ticket))
    message = f"Ticket {ticket} is {state.status}, not halted, so there is nothing to resume."
    follow = next_steps.follow(ticket) if state.is_running else next_steps.look_at(ticket)
    return Refused("not_halted", message, follow)


def _refuse_undecided(command: cmd.ResumeRun, state: ReleaseState) -> None:
    """A step in doubt is never repeated by the way: it takes a phase, and what was found, to go on."""
    halt = state.halt
    if halt is None or halt.cause != "in_doubt" or (command.from_phase is not None and command.reason):
        return
    raise Refused(
        "in_doubt",
        f"Ticket {command.ticket} is in doubt: {halt.failure.message} Look first, then settle the step and say what "
        "you found.",
        next_steps.after_doubt(state),
    )


def _left_out(state: ReleaseState, phase: Phase) -> list[Phase]:
    before = PHASES[: PHASES.index(phase)]
    return [earlier for earlier in before if state.phases.get(earlier) not in ("done", "skipped")]


def resume(command: cmd.ResumeRun, state: ReleaseState, plan: ReleasePlan | None) -> list[ev.Event]:
    """Let a halted release go on.

    Args:
        command: what the operator asked for.
        state: the release as it stands.
        plan: the renewed plan where it goes on from prepare, else ``None``.

    Raises:
        Refused: see ``admit_resume``.
    """
    phase = admit_resume(command, state)
    left_out = [] if phase is Phase.REVERT else _left_out(state, phase)
    skipped: list[ev.Event] = [ev.PhaseSkipped(left, command.reason) for left in left_out]
    anew = command.from_phase is not None and phase in state.phases  # what was never begun is not done again
    return [*skipped, ev.Resumed(command.request_id, phase, anew, command.reason, plan)]


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
        raise Refused("halted_in_revert", message, next_steps.after_halt(state))
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
        message = f"Ticket {ticket} is {state.status}; stop it first, then take it back."
        return Refused("still_running", message, next_steps.cancel(ticket))
    if state.run == 0:
        return NotFound("ticket_unknown", f"Ticket {ticket} was never run here, so there is nothing to take back.")
    message = f"Ticket {ticket} is {state.status}: it changed nothing, so there is nothing to take back."
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


def cancel(command: cmd.Cancel, state: ReleaseState) -> list[ev.Event]:
    """Stop a running release after its present step, or the step too.

    Raises:
        Refused: it is not running.
    """
    if not state.is_running:
        message = f"Ticket {command.ticket} is {state.status}, not running, so there is nothing to cancel."
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
        raise Refused("other_step_in_doubt", f"Not {command.step} is in doubt, but {halt.step}.")
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
        message = f"Ticket {command.ticket} is {state.status}; only a halted release can be given up."
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
