"""The state of a release: a fold over the events of its stream."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import TypeVar

import msgspec

from released.domain import events as ev
from released.domain.failure import Failure
from released.domain.ids import PHASES, Phase, Sha
from released.domain.releases import lifecycle, next_steps, older_record, reminders, silence
from released.domain.releases.overrides import Override, overrides_in
from released.domain.releases.plan import ReleasePlan
from released.domain.releases.remarks import Cancelling, Note
from released.domain.releases.reminders import Standstill
from released.domain.releases.silence import Silence
from released.domain.releases.step_state import StepState, after, cut_off, found_unfinished, left_behind, resumed
from released.domain.revert.plan import RevertPlan

ResultT = TypeVar("ResultT", bound=ev.Result)


class Reversal(msgspec.Struct, frozen=True):
    """The latest revert of a run."""

    plan: RevertPlan
    options: ev.RevertOptions
    number: int
    """Which revert of the run it is, from 1: a revert can itself be taken back."""
    from_status: str
    since: dt.datetime
    by: ev.Actor


class TakenBack(msgspec.Struct, frozen=True):
    """The commits of a run whose code was taken back: those of ``merge`` that ``base`` lacks."""

    base: Sha
    merge: Sha


class ReleaseState(msgspec.Struct, frozen=True):
    """What is known of a ticket's latest run, and of what earlier ones left behind."""

    ticket: str = ""
    status: str = lifecycle.NEW
    version: int = 0
    """Version of the stream up to which this state was folded."""
    run: int = 0
    plan: ReleasePlan | None = None
    options: ev.RunOptions = ev.RunOptions()
    phase: Phase | None = None
    """The phase that is running or that the release halted in."""
    phases: dict[Phase, str] = {}
    """``running``, ``done``, ``skipped`` or ``halted`` for each phase that was reached."""
    steps: dict[str, StepState] = {}
    halt: ev.Halted | None = None
    legal_hold: Note | None = None
    """Why what was printed for the ticket never expires."""
    standstill: Standstill | None = None
    """Set while it is halted."""
    silence: Silence | None = None
    """Set where it is under way, has recorded nothing for longer than it should take, and that was noticed."""
    cancelling: Cancelling | None = None
    """Set while an operator waits for the present step to end; the wish to have it killed is not taken back."""
    head: str = ""
    """The commit that the checkout must stand at: MERGE_SHA once it has moved, the revert's once that took it back."""
    has_moved: bool = False
    """Whether this run brought the checkout to a MERGE_SHA, be it an earlier one: there is code to take back."""
    boot_id: str = ""
    """Of the host when a step was last begun, or the record last compared with what is there."""
    reconciled: ev.Reconciled | None = None
    """What was found after a restart of the host, until the release has gone on by it."""
    reversal: Reversal | None = None
    held: tuple[TakenBack, ...] = ()
    """What is held as bad, of every run of the ticket: a later run that comes to nothing mends none of it."""
    overrides: tuple[Override, ...] = ()
    notes: tuple[Note, ...] = ()
    """What was remarked on the ticket, in every run."""
    started_by: ev.Actor | None = None
    started_at: dt.datetime | None = None
    changed_at: dt.datetime | None = None

    def results(self, kind: type[ResultT], phase: Phase) -> list[ResultT]:
        """List the results of one kind of a phase's steps that succeeded, in the order of the steps."""
        return [step.result for step in self.steps.values() if step.phase is phase and isinstance(step.result, kind)]

    def step(self, name: str) -> StepState | None:
        """Find a step by its name."""
        return self.steps.get(name)

    @property
    def is_running(self) -> bool:
        """True while the release moves by itself."""
        return self.status in lifecycle.RUNNING

    @property
    def occupies(self) -> bool:
        """True while the release holds the lock of its environment."""
        return self.is_running or self.status == lifecycle.HALTED

    @property
    def is_adopted(self) -> bool:
        """True where it was released by hand and only taken in: no step of ours had a part in it."""
        return self.status == lifecycle.RELEASED and not self.steps

    @property
    def is_behind(self) -> bool:
        """True where it was only taken in once a later commit was deployed."""
        return self.is_adopted and self.head != required(self.plan).merge_sha

    @property
    def is_way_back(self) -> bool:
        """True from the start of a revert on, until the ticket is run anew."""
        return self.phase is Phase.REVERT

    @property
    def current_step(self) -> StepState | None:
        """The step whose intent is recorded and whose outcome is not."""
        return next((step for step in self.steps.values() if step.status == "running"), None)

    @property
    def is_to_be_killed(self) -> bool:
        """True while an operator wants the present step to end before its time."""
        return self.cancelling is not None and self.cancelling.kill

    def may_stand_at(self, head: str) -> bool:
        """Tell whether the checkout may be there.

        While the move to MERGE_SHA has no success on record it may have taken place all the same: a step also fails
        when only its output or its durability did. What a revert makes of the checkout its own steps find out.
        """
        plan = required(self.plan)
        if self.is_way_back:
            return True
        unmoved = self.head != plan.merge_sha
        return head == self.head or (unmoved and head in (plan.head_sha, plan.merge_sha))

    def next_phase(self) -> Phase | None:
        """Name the phase that comes after those that are done or skipped; on the way back there is only one."""
        path = (Phase.REVERT,) if self.is_way_back else PHASES
        return next((phase for phase in path if self.phases.get(phase) not in ("done", "skipped")), None)

    def ending(self) -> ev.Released | ev.Reverted | ev.RevertUndone:
        """Give the event with which the run is over once its phases are."""
        if not self.is_way_back or self.reversal is None:
            return ev.Released(self.run)
        return ev.RevertUndone(self.run) if self.reversal.plan.undoes else ev.Reverted(self.run)


def required(plan: ReleasePlan | None) -> ReleasePlan:
    """Give the plan of a release that has one; a run is only ever opened with a plan."""
    if plan is None:
        raise AssertionError("a release without a run has no plan")
    return plan


def required_reversal(state: ReleaseState) -> Reversal:
    """Give the revert of a release that has one; the phase is only entered with a plan."""
    if state.reversal is None:
        raise AssertionError("a release on its way back has a plan of it")
    return state.reversal


def required_halt(state: ReleaseState) -> ev.Halted:
    """Give why a halted release halted."""
    if state.halt is None:
        raise AssertionError("a release that stands still has halted")
    return state.halt


def fold(events: Iterable[ev.Recorded], state: ReleaseState | None = None) -> ReleaseState:
    """Fold recorded events into a state, from the beginning or on top of an earlier state."""
    current = state or ReleaseState()
    for recorded in events:
        current = evolve(current, recorded)
    return current


BESIDE = (
    ev.Refused
    | ev.Noted
    | ev.LegalHoldPlaced
    | ev.LegalHoldLifted
    | ev.Reminded
    | ev.FellSilent
    | ev.Reconciled
    | ev.DetectionRan
    | ev.PlaybookApplied
    | ev.Redacted
)
"""These change nothing, not even when the release last moved: the list is ordered by that."""


def evolve(state: ReleaseState, recorded: ev.Recorded) -> ReleaseState:
    """Give the state after one more event.

    Raises:
        IllegalEvent: the life cycle has no row for it.
    """
    status = lifecycle.next_status(recorded.stream, state.status, recorded.event)
    changed = _apply(state, recorded.event, recorded)
    beside = isinstance(recorded.event, BESIDE)
    return msgspec.structs.replace(
        changed,
        status=status,
        version=recorded.version,
        changed_at=state.changed_at if beside and state.changed_at else recorded.at,
        standstill=reminders.after(state.standstill, recorded) if status == lifecycle.HALTED else None,
        silence=silence.after(state.silence, recorded.event),
        overrides=(*changed.overrides, *overrides_in(recorded, state.status)),
    )


def _apply(state: ReleaseState, event: ev.Event, recorded: ev.Recorded) -> ReleaseState:
    replace = msgspec.structs.replace
    match event:
        case ev.RunRequested():
            return replace(_opened(state, event, recorded), options=event.options, head=event.plan.head_sha)
        case ev.Adopted():
            return replace(_opened(state, event, recorded), head=event.deployed or event.plan.merge_sha)
        case ev.RevertRequested():
            return _turned_back(state, event, recorded)
        case ev.StepStarted() | ev.StepSucceeded() | ev.StepFailed() | ev.StepInterrupted():
            before = state.steps.get(event.step) or StepState(event.step, state.phase or Phase.PREPARE)
            steps = {**state.steps, event.step: after(before, event, recorded.at)}
            stepped = replace(state, steps=steps)
            if isinstance(event, ev.StepStarted):
                return replace(stepped, boot_id=event.boot_id, reconciled=None)
            return _moved(stepped, event)
        case ev.Recovered():
            # One that is to be killed does not go on by what was found.
            found = state.reconciled if state.is_to_be_killed else None
            return replace(state, steps=_found_unfinished(state), reconciled=found)
        case ev.Reconciled(boot_id=boot_id):
            return replace(state, boot_id=boot_id, reconciled=event)
        case ev.CancelRequested(reason=reason, kill=kill):
            wish = Cancelling(reason, kill, recorded.actor, recorded.at)
            return state if state.is_to_be_killed else replace(state, cancelling=wish)
        case ev.Noted() | ev.LegalHoldPlaced() | ev.LegalHoldLifted():
            return _remarked(state, event, recorded)
        case ev.StepResolved():
            return _resolved(state, event, recorded.at)
        case ev.RecordAccepted():
            return replace(state, halt=_doubted(state, required_halt(state), event))
        case _:
            return _apply_phase(state, event)


def _remarked(
    state: ReleaseState, event: ev.Noted | ev.LegalHoldPlaced | ev.LegalHoldLifted, recorded: ev.Recorded
) -> ReleaseState:
    replace = msgspec.structs.replace
    match event:
        case ev.Noted(text=text):
            return replace(state, notes=(*state.notes, Note(text, recorded.actor, recorded.at)))
        case ev.LegalHoldPlaced(reason=reason):
            return replace(state, legal_hold=Note(reason, recorded.actor, recorded.at))
        case ev.LegalHoldLifted():
            return replace(state, legal_hold=None)


def _apply_phase(state: ReleaseState, event: ev.Event) -> ReleaseState:
    replace = msgspec.structs.replace
    match event:
        case ev.PhaseStarted():
            return replace(_with_phase(state, event.phase, "running"), steps=_planned(state, event))
        case ev.PhaseCompleted():
            return _with_phase(state, event.phase, "done")
        case ev.PhaseSkipped():
            return _with_phase(state, event.phase, "skipped")
        case ev.Halted():
            return replace(_with_phase(state, event.phase, _halted(state, event.phase)), halt=event)
        case ev.Resumed():
            return _resumed(state, event)
        case ev.Abandoned():
            return _given_up(state)
        case _:
            return state


def _opened(state: ReleaseState, event: ev.RunRequested | ev.Adopted, recorded: ev.Recorded) -> ReleaseState:
    plan, by, at = event.plan, recorded.actor, recorded.at
    kept = msgspec.structs.replace(ReleaseState(), held=state.held, notes=state.notes, legal_hold=state.legal_hold)
    return msgspec.structs.replace(kept, ticket=plan.ticket, run=event.run, plan=plan, started_by=by, started_at=at)


def _turned_back(state: ReleaseState, event: ev.RevertRequested, recorded: ev.Recorded) -> ReleaseState:
    """Enter the way back; what an earlier revert of this run did is in the plan as far as it matters."""
    number = state.reversal.number + 1 if state.reversal else 1
    return msgspec.structs.replace(
        state,
        phase=Phase.REVERT,
        phases={phase: status for phase, status in state.phases.items() if phase is not Phase.REVERT},
        steps={name: cut_off(step) for name, step in state.steps.items() if step.phase is not Phase.REVERT},
        reversal=Reversal(event.plan, event.options, number, state.status, recorded.at, recorded.actor),
        halt=None,
        cancelling=None,
        reconciled=None,
    )


def _with_phase(state: ReleaseState, phase: Phase, status: str) -> ReleaseState:
    return msgspec.structs.replace(state, phase=phase, phases={**state.phases, phase: status})


def _halted(state: ReleaseState, phase: Phase) -> str:
    """A phase that was over when the release halted behind it stays over."""
    before = state.phases.get(phase, "")
    return before if before in ("done", "skipped") else "halted"


def _planned(state: ReleaseState, event: ev.PhaseStarted) -> dict[str, StepState]:
    """Add the planned steps; one that already succeeded stays, so that a resumed phase does not repeat it."""
    fresh = {
        step.name: state.steps.get(step.name) or StepState(step.name, event.phase, step.recovery)
        for step in event.steps
    }
    return {**state.steps, **fresh}


def _moved(state: ReleaseState, event: ev.Event) -> ReleaseState:
    if not isinstance(event, ev.StepSucceeded) or not isinstance(event.result, ev.CheckoutMoved):
        return state
    return msgspec.structs.replace(state, head=event.result.head, has_moved=True, held=_held(state))


def _held(state: ReleaseState) -> tuple[TakenBack, ...]:
    """Hold commits as bad as soon as their code is taken back, and no longer once that is taken back itself."""
    if not state.is_way_back:
        return state.held
    plan = required(state.plan)
    mine = TakenBack(plan.base_sha, plan.merge_sha)
    others = tuple(one for one in state.held if one != mine)
    return others if required_reversal(state).plan.undoes else (*others, mine)


def _given_up(state: ReleaseState) -> ReleaseState:
    """Hold what a revert was to take back, too: the code may be back, and the outcome of that not on record."""
    plan = state.reversal.plan if state.is_way_back and state.reversal else None
    unsure = plan is not None and plan.target_sha is not None and not plan.undoes
    return msgspec.structs.replace(state, held=_held(state)) if unsure else state


def _found_unfinished(state: ReleaseState) -> dict[str, StepState]:
    step = state.current_step
    if step is None:
        return state.steps
    return {**state.steps, step.name: found_unfinished(step)}


def _resolved(state: ReleaseState, event: ev.StepResolved, at: dt.datetime) -> ReleaseState:
    """Take the operator's word for a step: it is done, or it is to be done again; nothing is in doubt any more."""
    replace = msgspec.structs.replace
    step = state.steps[event.step]
    settled = (
        replace(step, status="succeeded", result=ev.CommandExited(0), ended_at=at)
        if event.done
        else replace(step, status="failed", ended_at=at)
    )
    halt = _settled(state, state.halt, event) if state.halt else None
    return replace(state, steps={**state.steps, event.step: settled}, halt=halt)


def _settled(state: ReleaseState, halt: ev.Halted, event: ev.StepResolved) -> ev.Halted:
    """Give the halt as it stands once nothing is in doubt any more: the release only waits to go on."""
    waiting = msgspec.structs.replace(halt, cause="interrupted")
    commands = next_steps.after_halt(msgspec.structs.replace(state, halt=waiting))
    message = f"{event.step} counts as {'done' if event.done else 'failed'}: {event.reason} The release waits to go on."
    return msgspec.structs.replace(waiting, failure=Failure("step_settled", message, next=commands))


def _doubted(state: ReleaseState, halt: ev.Halted, event: ev.RecordAccepted) -> ev.Halted:
    """Give the halt as it stands on an older copy of the record: the release may have been resumed since."""
    step = state.current_step.name if state.current_step else None
    doubted = msgspec.structs.replace(halt, cause="in_doubt", step=step)
    commands = next_steps.after_doubt(msgspec.structs.replace(state, halt=doubted))
    failure = Failure(older_record.CODE, older_record.what_is_unknown(event), next=commands)
    return msgspec.structs.replace(doubted, failure=failure)


def _resumed(state: ReleaseState, event: ev.Resumed) -> ReleaseState:
    """Go back into a phase: interruptions are forgiven, and with ``anew`` later work is done again.

    A script that exited 0 is never run again in its run, and a backup is never taken again (spec: ticket, resume).
    A renewed plan has another MERGE_SHA, so that what was done for the old one is done again, too.
    """
    later = _from(event.phase)
    in_doubt = state.halt is not None and state.halt.cause == "in_doubt"
    steps = {
        name: resumed(step, event, decided=in_doubt) if step.phase in later else left_behind(step)
        for name, step in state.steps.items()
    }
    phases = {phase: status for phase, status in state.phases.items() if phase not in later}
    return msgspec.structs.replace(
        state,
        phase=event.phase,
        phases={**phases, event.phase: "running"},
        steps=steps,
        plan=event.plan or state.plan,
        halt=None,
        cancelling=None,
        reconciled=None if _makes_anew(state, event) else state.reconciled,
    )


def _makes_anew(state: ReleaseState, event: ev.Resumed) -> bool:
    """Tell whether the containers are made anew, or what holds them still is done again: then nothing need be there."""
    makes = event.phase in (Phase.PREPARE, Phase.MIGRATE, Phase.REVERT)
    return makes and (event.anew or event.phase is not state.phase)


def _from(phase: Phase) -> tuple[Phase, ...]:
    """List a phase and those that come behind it on its way."""
    return (phase,) if phase is Phase.REVERT else PHASES[PHASES.index(phase) :]
