"""What is certain of a release, what is in doubt, and what the daemon did by itself or will do; from the record."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from released.domain import events as ev
from released.domain.diagnosis.document import Certainty
from released.domain.ids import PHASES, Phase
from released.domain.releases import lifecycle
from released.domain.releases.release import ReleaseState
from released.domain.releases.step_state import StepState
from released.domain.releases.steps import Recovery
from released.domain.releases.touched import script_began, touched_services

_MOST = 3
_WILL = {
    Recovery.REPEAT: "is done again when the release goes on: that is harmless",
    Recovery.OBSERVE: "is looked at when the release goes on, and done only where it did not take effect",
    Recovery.ASK: "is not done again unless a person says so",
}


def certainty(state: ReleaseState, events: Sequence[ev.Recorded], *, refused: bool) -> Certainty:
    """Sum up what is known.

    Args:
        state: of the release.
        events: the ticket's stream.
        refused: whether a refusal is looked at, which changed nothing.
    """
    if refused:
        changed = "the release stands as it did before" if state.run else "no run was opened"
        return Certainty((f"the command was refused: it changed nothing, and {changed}",))
    return Certainty(tuple(_certain(state)), tuple(_doubtful(state)), tuple(_recovery(state, events)))


def is_touched(state: ReleaseState) -> bool:
    """Tell whether anything that is deployed may be changed: a container, a hook, a script."""
    return state.plan is not None and (bool(touched_services(state)) or script_began(state))


def _certain(state: ReleaseState) -> Iterator[str]:
    way = (Phase.REVERT,) if state.is_way_back else PHASES
    if over := [phase for phase in way if state.phases.get(phase) in ("done", "skipped")]:
        yield "over: " + ", ".join(f"{phase} {state.phases[phase]}" for phase in over)
    here = [step.name for step in state.steps.values() if step.phase is state.phase and step.status == "succeeded"]
    if here and state.phases.get(state.phase or Phase.PREPARE) not in ("done", "skipped"):
        yield f"done in {state.phase}: {', '.join(here)}"
    yield f"the checkout was left at {state.head[:12]}" if state.has_moved else "the checkout has not been moved"
    if backups := state.results(ev.BackedUp, Phase.PREPARE):
        yield "backups: " + ", ".join(f"{one.service}={one.stamp}" for one in backups)
    if not is_touched(state):
        yield "nothing that is deployed was touched: the old containers serve"
    elif touched := touched_services(state):
        yield f"touched: {', '.join(touched)}"


def _doubtful(state: ReleaseState) -> Iterator[str]:
    step = state.current_step
    if step is not None and state.status == lifecycle.HALTED:
        yield f"whether {step.name} took effect (attempt {step.attempt}): its outcome is not on record"


def _recovery(state: ReleaseState, events: Sequence[ev.Recorded]) -> Iterator[str]:
    yield from list(_did(state, events))[-_MOST:]
    unfinished = state.current_step or _interrupted(state)
    if unfinished is not None and state.status == lifecycle.HALTED:
        yield f"{unfinished.name} {_WILL[Recovery(unfinished.recovery)]}"


def _did(state: ReleaseState, events: Sequence[ev.Recorded]) -> Iterator[str]:
    """Tell what daemons did by themselves in the present run."""
    run = 0
    for recorded in events:
        match recorded.event:
            case ev.RunRequested():
                run = recorded.event.run
            case ev.Recovered(phase=phase, step=step) if run == state.run:
                yield f"{recorded.at:%H:%M:%SZ}: a new daemon found {step or phase} unfinished and went on with it"
            case ev.Reconciled(settled=settled) if run == state.run:
                yield from (f"{recorded.at:%H:%M:%SZ}: after a restart of the host {one}" for one in settled)
            case ev.StepInterrupted(step=name, attempt=attempt) if run == state.run:
                yield f"{recorded.at:%H:%M:%SZ}: {name} (attempt {attempt}) was cut off, safe to do again"
            case _:
                pass


def _interrupted(state: ReleaseState) -> StepState | None:
    return next((step for step in state.steps.values() if step.status == "interrupted"), None)
