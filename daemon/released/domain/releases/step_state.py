"""The state of one step of a release: how its events change it, and what a resume makes of it."""

from __future__ import annotations

import datetime as dt

import msgspec

from released.domain import events as ev
from released.domain.failure import Failure
from released.domain.ids import Phase
from released.domain.releases.steps import Recovery


class StepState(msgspec.Struct, frozen=True):
    """What is known of one step."""

    name: str
    phase: Phase
    recovery: str = Recovery.REPEAT
    status: str = "planned"
    """``planned``, ``running``, ``succeeded``, ``failed`` or ``interrupted``."""
    attempt: int = 0
    interruptions: int = 0
    """How often in a row it was interrupted since an operator last looked."""
    recoveries: int = 0
    """How often a new daemon found the present attempt without an outcome."""
    again: bool = False
    """Whether it is done once more when what runs of the present attempt is over, whatever comes of it."""
    started_at: dt.datetime | None = None
    ended_at: dt.datetime | None = None
    boot_id: str = ""
    timeout_s: float | None = None
    """How long the present attempt may take."""
    idle_s: float | None = None
    """How long what runs of it may print nothing."""
    result: ev.Result | None = None
    output: ev.OutputRef | None = None
    failure: Failure | None = None


def after(
    before: StepState,
    event: ev.StepStarted | ev.StepSucceeded | ev.StepFailed | ev.StepInterrupted,
    at: dt.datetime,
) -> StepState:
    """Give the state after an event of the step."""
    replace = msgspec.structs.replace
    match event:
        case ev.StepStarted():
            return replace(
                before,
                status="running",
                attempt=event.attempt,
                recoveries=0,
                again=False,
                started_at=at,
                ended_at=None,
                boot_id=event.boot_id,
                timeout_s=event.timeout_s,
                idle_s=event.idle_s,
                failure=None,
            )
        case ev.StepSucceeded():
            return replace(
                before,
                status="succeeded",
                result=event.result,
                output=event.output,
                ended_at=at,
                interruptions=0,
            )
        case ev.StepFailed():
            return replace(before, status="failed", failure=event.failure, output=event.output, ended_at=at)
        case ev.StepInterrupted():
            return replace(before, status="interrupted", interruptions=before.interruptions + 1, ended_at=at)


def found_unfinished(step: StepState) -> StepState:
    """Give the state after a new daemon found the step without an outcome."""
    return msgspec.structs.replace(step, recoveries=step.recoveries + 1)


def resumed(step: StepState, event: ev.Resumed, *, decided: bool) -> StepState:
    """Give the state after a resume from the step's phase or an earlier one.

    Args:
        step: as it was when the release halted.
        event: what the operator asked for.
        decided: whether the halt was one in doubt, on which the operator has decided now.
    """
    moved = event.plan is not None
    anew = event.anew or moved
    if step.status == "running" and not decided:
        # What became of it is found out first: a command may still run, and a second one must not run beside it.
        again = anew and _is_repeated_anew(step)
        return msgspec.structs.replace(step, interruptions=0, recoveries=0, again=step.again or again)
    if step.status == "succeeded" and (not anew or _stays(step, moved=moved)):
        return step
    return _planned(step)


def left_behind(step: StepState) -> StepState:
    """Give the state after a resume from a phase behind the step's."""
    return step if step.status == "succeeded" else _planned(step)


def cut_off(step: StepState) -> StepState:
    """Give the state after the release turned back: what was never settled stays so."""
    return msgspec.structs.replace(step, status="interrupted") if step.status == "running" else step


def _planned(step: StepState) -> StepState:
    return msgspec.structs.replace(
        step, status="planned", interruptions=0, recoveries=0, again=False, failure=None, result=None
    )


def _is_repeated_anew(step: StepState) -> bool:
    """Tell whether a step is done again although its command may be about to succeed.

    What prepare saved and what a script of the ticket did stays done, and of a hook nobody knows what twice would do.
    """
    return step.phase in (Phase.MIGRATE, Phase.VERIFY) and step.recovery != Recovery.ASK


def _stays(step: StepState, *, moved: bool) -> bool:
    """Tell whether a finished step is finished for the whole run, whatever is done anew."""
    match step.result:
        case ev.BackedUp() | ev.ImagesKept() | ev.DataRestored():
            return True
        case ev.CommandExited():
            return step.phase is Phase.TICKET
        case ev.CheckoutMoved():
            return not moved
        case _:
            return False
