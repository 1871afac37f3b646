"""Decisions on what operators ask for: a command and the present state in, events out, nothing touched."""

from __future__ import annotations

import datetime as dt

from released.domain import commands as cmd
from released.domain import events as ev
from released.domain import lifecycle, next_steps
from released.domain.environment import EnvironmentState
from released.domain.errors import InvalidInput, NotFound, Refused
from released.domain.ids import PHASES, Phase
from released.domain.plan import ReleasePlan
from released.domain.release import ReleaseState, required


def admit_start(command: cmd.StartRun, state: ReleaseState, environment: EnvironmentState) -> None:
    """Refuse what no look at the world could make right: the ticket's own state and the lock.

    Raises:
        Refused: the ticket is running, halted or released, or another release occupies the environment.
        InvalidInput: a phase is to be skipped that cannot be, or without a reason.
    """
    _check_skips(command)
    if state.status not in lifecycle.STARTABLE:
        raise _not_startable(command, state)
    lock = environment.lock
    if lock is not None:
        raise Refused(
            "environment_busy",
            f"Ticket {lock.ticket} occupies the environment since {lock.since:%Y-%m-%dT%H:%M:%SZ} "
            f"(started by {lock.actor.name}). One release at a time: let it end, or settle it, then run again.",
            next_steps.look_at(lock.ticket),
        )


def refuse_held(environment: EnvironmentState, now: dt.datetime) -> None:
    """Refuse to start while a person keeps releases out.

    Raises:
        Refused: ``held``, with who, since when and why.
    """
    hold = environment.hold
    if hold is None or not hold.applies(now):
        return
    until = f" until {hold.until:%Y-%m-%dT%H:%M:%SZ}" if hold.until else ""
    raise Refused(
        "held",
        f"{hold.actor.name} keeps releases out of this environment since {hold.since:%Y-%m-%dT%H:%M:%SZ}{until}: "
        f"{hold.reason}",
        next_steps.unhold(),
    )


def _check_skips(command: cmd.StartRun) -> None:
    skip, reason = command.options.skip, command.options.reason
    if Phase.PREPARE in skip:
        raise InvalidInput("skip_impossible", "prepare cannot be skipped: it is what brings the new code.")
    if skip and not reason:
        names = ", ".join(skip)
        raise InvalidInput("reason_missing", f"Skipping {names} needs a reason (--reason); it is put on the record.")


def _not_startable(command: cmd.StartRun, state: ReleaseState) -> Refused:
    ticket = command.ticket
    if state.is_running:
        message = f"Ticket {ticket} is being released already (run {state.run}, {state.status})."
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
    skipped: list[ev.Event] = [ev.PhaseSkipped(left, command.reason) for left in _left_out(state, phase)]
    anew = command.from_phase is not None
    return [*skipped, ev.Resumed(command.request_id, phase, anew, command.reason, plan)]


def cancel(command: cmd.Cancel, state: ReleaseState) -> list[ev.Event]:
    """Stop a running release after its present step.

    Raises:
        Refused: it is not running.
    """
    if not state.is_running:
        message = f"Ticket {command.ticket} is {state.status}, not running, so there is nothing to cancel."
        raise Refused("not_running", message, next_steps.look_at(command.ticket))
    return [ev.CancelRequested(command.request_id, command.reason)]


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
