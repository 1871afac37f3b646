"""From the record of a ticket to its diagnosis."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import NamedTuple

from released.domain import events as ev
from released.domain.diagnosis.case import Case
from released.domain.diagnosis.certainty import certainty
from released.domain.diagnosis.clues import clues
from released.domain.diagnosis.conclusion import Conclusion, Fault, conclude
from released.domain.diagnosis.document import Cause, Diagnosis, Evidence, Occurrence, Present
from released.domain.diagnosis.recommendation import recommend
from released.domain.diagnosis.service_change import Good, service_changes
from released.domain.diagnosis.way_on import way_on
from released.domain.durations import format_duration
from released.domain.ids import Phase
from released.domain.playbooks.recorded_failure import RecordedFailure, last_failure
from released.domain.releases import lifecycle, release
from released.domain.releases.outcome import outcome
from released.domain.releases.release import BESIDE, ReleaseState

_SLOW, _SLOW_S = 3, 60.0
"""A phase is overdue once it took this many times what it usually takes, and so many seconds at least …"""
_UNKNOWN_S = 600.0
"""… or so many seconds, where nobody knows what is usual."""
_BEGINS = ev.RunRequested | ev.Adopted | ev.PhaseStarted | ev.Resumed | ev.RevertRequested
"""From where a phase is under way: what came before it, a halt for instance, is none of its time."""


class Past(NamedTuple):
    """What the rest of the record has to say."""

    good: tuple[Good, ...] = ()
    """Releases of the environment that ended well."""
    occurrences: tuple[Occurrence, ...] = ()
    """The same failure, before."""


def failure_to_tell_of(events: Sequence[ev.Recorded]) -> RecordedFailure | None:
    """Find the failure that a diagnosis is about; ``None`` where the release runs, or none ever failed."""
    return None if release.fold(events).is_running else last_failure(events)


def diagnose(ticket: str, events: Sequence[ev.Recorded], past: Past, present: Present) -> Diagnosis:
    """Tell what is the matter with a ticket.

    Args:
        ticket: its name.
        events: its stream.
        past: of the environment.
        present: what was looked at just now.
    """
    state, failure = release.fold(events), failure_to_tell_of(events)
    evidence = _evidence(failure)
    since = _since(events)
    kind = _kind(state, events, failure, present)
    found = clues(failure.facts.code, failure.facts.texts, evidence.surroundings) if failure else ()
    case = Case(ticket, kind, state, failure, found, present, since)
    conclusion = _conclusion(case)
    recommended = recommend(case, conclusion)
    waits = kind in ("halted", "in_doubt", "refused", "nothing_to_do")
    step = state.current_step if state.is_running else None
    return Diagnosis(
        ticket=ticket,
        run=state.run,
        state=state.status,
        kind=kind,
        phase=case.phase,
        step=step.name if step else case.step,
        at=failure.recorded.at if failure else since,
        version=failure.recorded.version if failure else 0,
        cause=conclusion.cause,
        certainty=certainty(state, events, refused=kind == "refused"),
        clues=found,
        evidence=evidence,
        changes=service_changes(state, _before(past.good, state), failure.facts.services if failure else ()),
        recommendation=recommended,
        before=past.occurrences,
        by_hand=conclusion.by_hand if waits else (),
        next=way_on(case, conclusion, recommended.choice),
    )


def _kind(state: ReleaseState, events: Sequence[ev.Recorded], failure: RecordedFailure | None, present: Present) -> str:
    if state.status == lifecycle.HALTED and state.halt is not None:
        return "in_doubt" if state.halt.cause == "in_doubt" else "halted"
    if state.is_running:
        return "overdue" if state.silence or _is_overdue(_since(events), present) else "running"
    latest = [one for one in events if not _is_beside(one.event)][-1:]
    refused = failure is not None and isinstance(failure.recorded.event, ev.Refused)
    return "refused" if refused and failure and latest == [failure.recorded] else state.status


def _is_beside(event: ev.Event) -> bool:
    """Tell whether something is recorded beside a failure, and leaves it the latest."""
    return isinstance(event, BESIDE) and not isinstance(event, ev.Refused)


def _is_overdue(since: dt.datetime | None, present: Present) -> bool:
    limit_s = max(present.usual_s * _SLOW, _SLOW_S) if present.usual_s is not None else _UNKNOWN_S
    return _elapsed_s(since, present) > limit_s


def _elapsed_s(since: dt.datetime | None, present: Present) -> float:
    return (present.now - (since or present.now)).total_seconds()


def _since(events: Sequence[ev.Recorded]) -> dt.datetime | None:
    """Tell since when the latest phase is under way: from its start, or from where a halted release went on in it."""
    return next((recorded.at for recorded in reversed(events) if isinstance(recorded.event, _BEGINS)), None)


def _conclusion(case: Case) -> Conclusion:
    match case.kind:
        case "running" | "overdue":
            return Conclusion(_of_running(case), Fault.UNKNOWN)
        case "halted" if _is_settled(case):
            return Conclusion(Cause("step_settled", _told(case)), Fault.PATIENCE)
        case "halted" | "in_doubt" | "refused" | "nothing_to_do":
            return conclude(case)
        case _:
            return Conclusion(_of_ended(case), Fault.UNKNOWN)


def _is_settled(case: Case) -> bool:
    """Tell whether a person has decided on the step that was in doubt: that is no event that fails."""
    return case.state.halt is not None and case.state.halt.failure.code == "step_settled"


def _told(case: Case) -> str:
    return case.state.halt.failure.message if case.state.halt else ""


def _of_running(case: Case) -> Cause:
    since = format_duration(_elapsed_s(case.since, case.present))
    step = case.state.current_step
    usual_s = case.present.usual_s
    usual = f"; as a rule it takes {format_duration(usual_s)}" if usual_s is not None else ""
    at = f", at {step.name}" if step else ""
    silent = case.state.silence
    said = f" It has recorded nothing since {silent.since:%H:%M:%SZ} and may hang." if silent else ""
    return Cause(case.kind, f"Phase {case.phase or Phase.PREPARE} has been under way for {since}{at}{usual}.{said}")


def _of_ended(case: Case) -> Cause:
    """Say how it came out, and what went wrong on the way there."""
    told = outcome(case.state).message.partition("\n")[0]
    if case.failure is None:
        return Cause(case.state.status, told)
    return Cause(case.state.status, f"{told} On the way: {conclude(case).cause.sentence}")


def _evidence(failure: RecordedFailure | None) -> Evidence:
    match failure.recorded.event if failure else None:
        case ev.Halted(failure=told, surroundings=seen):
            return Evidence(told.message, told.evidence, seen)
        case ev.Refused(message=message):
            return Evidence(message)
        case _:
            return Evidence(failure.facts.texts[0]) if failure else Evidence()


def _before(good: Sequence[Good], state: ReleaseState) -> tuple[Good, ...]:
    """Leave out what this run itself and later ones brought."""
    return tuple(one for one in good if state.started_at is None or one.at < state.started_at)
