"""What is on record of the failure that a ticket's operator faces, as facts that playbooks are matched against."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from released.domain import events as ev
from released.domain import lifecycle, release
from released.domain.ids import Phase
from released.domain.matching import Facts
from released.domain.outcome import outcome
from released.domain.release import ReleaseState


class RecordedFailure(NamedTuple):
    """A failure, and where the output of its step lies."""

    facts: Facts
    output: ev.OutputRef | None = None


def last_failure(events: Sequence[ev.Recorded]) -> RecordedFailure | None:
    """Find the failure to look at: of a halted release why it halted, else the latest halt or refusal; none: ``None``.

    A refused command about a halted release does not hide why it halted.
    """
    halted = release.fold(events).status == lifecycle.HALTED
    kinds = (ev.Halted,) if halted else (ev.Halted, ev.Refused, ev.NothingToDo)
    ends = [number for number, recorded in enumerate(events, 1) if isinstance(recorded.event, kinds)]
    if not ends:
        return None
    state, event = release.fold(events[: ends[-1]]), events[ends[-1] - 1].event
    match event:
        case ev.Refused(command=command, code=code, message=message):
            phase = Phase.PREPARE if command == "run" else ""
            return RecordedFailure(Facts(phase, code, (), (message,)))
        case ev.Halted():
            return _of_halt(state, event)
        case _:
            return RecordedFailure(Facts(Phase.PREPARE, "nothing_to_do", (), (outcome(state).message,)))


def _of_halt(state: ReleaseState, halt: ev.Halted) -> RecordedFailure:
    failure, step = halt.failure, state.step(halt.step or "")
    texts = (failure.message, failure.evidence, outcome(state).message)
    facts = Facts(halt.phase, failure.code, _services(state, halt.step or ""), texts)
    return RecordedFailure(facts, step.output if step else None)


def _services(state: ReleaseState, step: str) -> tuple[str, ...]:
    """Name the service that a step is about: the step is named after it, on the way back behind ``revert.``."""
    plan = state.plan
    known = {service.name for service in (*plan.services, *plan.verified)} if plan else set()
    service = step.removeprefix(f"{Phase.REVERT}.").partition(".")[0]
    return (service,) if service in known else ()
