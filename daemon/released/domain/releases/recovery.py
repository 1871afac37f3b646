"""What a new daemon does with a release that it finds unfinished: a pure decision (spec: The state machine)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

import msgspec

from released.domain import events as ev
from released.domain.durations import format_duration
from released.domain.failure import KILLED, PLANNED_OTHERWISE, Failure
from released.domain.ids import Phase
from released.domain.releases import next_steps
from released.domain.releases.release import ReleaseState
from released.domain.releases.step_state import StepState
from released.domain.releases.steps import MAX_INTERRUPTIONS, Recovery


def decide(
    state: ReleaseState, now: dt.datetime, boot_id: str, *, resume: bool, resume_within_s: float
) -> ev.Recovered | ev.Halted:
    """Go on by itself, or halt as ``interrupted`` and leave it to a person.

    Args:
        state: a release that is running according to the record.
        now: the time of the decision.
        boot_id: of the host as it runs now.
        resume: whether the configuration lets a release go on by itself.
        resume_within_s: how old the last event may be.
    """
    phase = state.phase or Phase.PREPARE
    step = state.current_step
    name = step.name if step else None
    idle_s = (now - (state.changed_at or now)).total_seconds()
    if state.is_to_be_killed:
        return ev.Recovered(phase, name, boot_id)  # only to kill what may still run of the step, and to halt
    if not resume:
        return halt(state, "interrupted", "recovery_off", "The daemon was restarted, and recovery.on_restart is halt.")
    if idle_s > resume_within_s:
        return halt(
            state,
            "interrupted",
            "recovery_too_late",
            f"The release stood still for {format_duration(idle_s)}, longer than recovery.resume_within "
            f"({format_duration(resume_within_s)}), so it does not go on by itself.",
        )
    return ev.Recovered(phase, name, boot_id)


def interrupted_too_often(state: ReleaseState, step: str) -> ev.Halted | None:
    """Halt where a step was interrupted three times: it may be what kills the daemon."""
    known = state.step(step)
    times = known.interruptions + (known.recoveries if known.status == "running" else 0) if known else 0
    if times < MAX_INTERRUPTIONS:
        return None
    message = f"The step {step} was interrupted {times} times; it is not tried again by itself."
    return halt(state, "interrupted", "interrupted_too_often", message, step)


def planned_otherwise(state: ReleaseState, phase: Phase, planned: Collection[str]) -> ev.Halted | None:
    """Halt where a running phase was begun by another version, with steps that this one knows by no such name.

    Under their new names they would be done again. Steps that are harmless to repeat are no reason, and nothing in
    prepare is one: what is saved twice does no harm, a checkout that has moved is found where it is to be, and a plan
    that was renewed for a fix may need less of all that.

    Args:
        state: a release in that phase.
        phase: that is taken now.
        planned: names of the steps that this version plans for it.
    """
    is_begun = phase is not Phase.PREPARE and state.phases.get(phase) == "running"
    if not is_begun or all(state.step(name) for name in planned):
        return None
    taken = [one.name for one in state.steps.values() if one.phase is phase and _does_harm_twice(one)]
    unknown = [name for name in taken if name not in planned]
    if not unknown:
        return None
    way_out = "" if state.is_way_back else ", or take it back"
    message = (
        f"Another version of released began {phase} and took {', '.join(unknown)}, which this version knows by no such "
        f"name; it could do that twice. Let the other version finish the release{way_out}."
    )
    halted = halt(state, "interrupted", PLANNED_OTHERWISE, message)
    failure = msgspec.structs.replace(halted.failure, next=next_steps.by_another_version(state))
    return msgspec.structs.replace(halted, failure=failure)


def _does_harm_twice(step: StepState) -> bool:
    return step.status in ("running", "succeeded") and step.recovery != Recovery.REPEAT


def cancelled(state: ReleaseState) -> ev.Halted | None:
    """Halt between two steps where an operator asked for it."""
    if state.cancelling is None:
        return None
    return halt(state, "cancelled", "cancelled", f"Cancelled: {state.cancelling.reason}")


def killed(state: ReleaseState, step: str, found: Failure) -> ev.Halted | None:
    """Halt at a step that was stopped because an operator asked for it.

    Args:
        state: the release.
        step: the step that failed.
        found: how it failed; one that failed by itself before it was stopped is no such step.
    """
    if found.code != KILLED or state.cancelling is None:
        return None
    message = f"Cancelled: {state.cancelling.reason}; the step {step} was stopped."
    halted = halt(state, "cancelled", "cancelled", message, step)
    told = msgspec.structs.replace(halted.failure, rc=found.rc, evidence=found.evidence)
    return msgspec.structs.replace(halted, failure=told)


def in_doubt(state: ReleaseState, step: str, look_at: str) -> ev.Halted:
    """Halt on a step of which nobody can know from here whether its effect took place."""
    message = f"It is not known whether {step} took effect: its process was lost while it ran. Look at: {look_at}."
    return halt(state, "in_doubt", "step_in_doubt", message, step)


def halt(state: ReleaseState, cause: str, code: str, message: str, step: str | None = None) -> ev.Halted:
    """Stop the release in the phase it is in, with the commands that lead on."""
    failure = Failure(code, message, next=next_steps.after_halt(state, cause))
    current = step or (state.current_step.name if state.current_step else None)
    return ev.Halted(state.phase or Phase.PREPARE, cause, current, failure)
