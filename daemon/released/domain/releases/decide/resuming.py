"""Going on with a halted release."""

from __future__ import annotations

from released.domain import commands as cmd
from released.domain import events as ev
from released.domain.errors import InvalidInput, Refused
from released.domain.ids import PHASES, Phase
from released.domain.releases import lifecycle, next_steps
from released.domain.releases.plan import ReleasePlan
from released.domain.releases.release import ReleaseState, required


def admit_resume(command: cmd.ResumeRun, state: ReleaseState) -> Phase:
    """Name the phase in which a halted release goes on.

    Raises:
        Refused: the release is not halted, it is in doubt and the operator has not decided, or the phase would deploy
            what stands in a checkout that has not moved.
        InvalidInput: a phase would be left out, or a failure passed over, without a reason.
    """
    if state.status != lifecycle.HALTED or state.phase is None:
        raise _not_resumable(command, state)
    _refuse_undecided(command, state)
    phase = command.from_phase or state.next_phase() or state.phase
    _refuse_other_way(state, phase)
    if phase is Phase.REVERT:
        _refuse_without_cause(command, state)
        return phase
    if phase is not Phase.PREPARE and state.head != required(state.plan).merge_sha:
        raise Refused(
            "checkout_not_moved",
            f"prepare has not brought the checkout to {required(state.plan).merge_sha} yet, so {phase} would work on "
            "the old code. Go on with prepare.",
            next_steps.while_halted(state),
        )
    if _left_out(state, phase) and not command.reason:
        names = ", ".join(_left_out(state, phase))
        raise InvalidInput(
            "reason_missing",
            f"Going on from {phase} leaves {names} unfinished; say why with --reason, it is put on the record.",
            next_steps.while_halted(state),
        )
    _refuse_without_cause(command, state)
    return phase


def _refuse_without_cause(command: cmd.ResumeRun, state: ReleaseState) -> None:
    """Resuming after a failure records its cause (spec: resume): else it comes again, and nobody knows it."""
    if state.halt and next_steps.why_after(state.halt.cause) and not (command.reason or command.playbook):
        raise InvalidInput(
            "reason_missing",
            f"Ticket {state.ticket} failed, so going on needs the cause and what was done about it: say it with "
            "--reason, or with --playbook where a playbook tells of it. It is put on the record.",
            next_steps.while_halted(state),
        )


def _refuse_other_way(state: ReleaseState, phase: Phase) -> None:
    """A release that is halted on its way back only goes on back, and no other goes there by a resume."""
    if state.is_way_back and phase is not Phase.REVERT:
        raise Refused(
            "halted_in_revert",
            f"Ticket {state.ticket} is halted on its way back; it can only go on there, not in {phase}.",
            next_steps.while_halted(state),
        )
    if phase is Phase.REVERT and not state.is_way_back:
        raise Refused(
            "not_reverting",
            f"Ticket {state.ticket} is not on its way back; a revert is begun with releasectl revert {state.ticket}.",
            next_steps.take_back(state),
        )


def _not_resumable(command: cmd.ResumeRun, state: ReleaseState) -> Refused:
    ticket = command.ticket
    if state.status == lifecycle.NEW:
        message = f"Ticket {ticket} was never run here, so there is nothing to resume."
        return Refused("not_halted", message, next_steps.run(ticket))
    message = f"Ticket {ticket} is {lifecycle.in_words(state.status)}, not halted, so there is nothing to resume."
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
        next_steps.while_halted(state),
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
    return [*skipped, ev.Resumed(command.request_id, phase, anew, command.reason, plan, command.playbook)]
