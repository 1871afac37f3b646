"""What is on record of a ticket's failures, as facts that playbooks are matched against."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from released.domain import events as ev
from released.domain.ids import Phase
from released.domain.playbooks.matching import Facts
from released.domain.releases import lifecycle, release
from released.domain.releases.outcome import outcome
from released.domain.releases.plan import ServicePlan
from released.domain.releases.release import ReleaseState


class RecordedFailure(NamedTuple):
    """A failure: the event that ended it, what is known, and where the output of its step lies."""

    recorded: ev.Recorded
    facts: Facts
    output: ev.OutputRef | None = None


def failures(events: Sequence[ev.Recorded]) -> Iterator[RecordedFailure]:
    """List every halt, every refusal and every run that found nothing to do of a ticket, in their order.

    A halt counts once more where the record was accepted as an older copy, which puts it in doubt.
    """
    state = ReleaseState()
    for recorded in events:
        state = release.fold([recorded], state)
        match recorded.event:
            case ev.Refused(command=command, code=code, message=message):
                phase = Phase.PREPARE if command == "run" else ""
                yield RecordedFailure(recorded, Facts(phase, code, (), (message,)))
            case ev.Halted() | ev.RecordAccepted():
                yield _of_halt(state, release.required_halt(state), recorded)
            case ev.NothingToDo():
                told = outcome(state).message
                yield RecordedFailure(recorded, Facts(Phase.PREPARE, "nothing_to_do", (), (told,)))


def last_failure(events: Sequence[ev.Recorded]) -> RecordedFailure | None:
    """Find the failure to look at: of a halted release why it halted, else the latest one; none: ``None``.

    A refused command about a halted release does not hide why it halted.
    """
    halted = release.fold(events).status == lifecycle.HALTED
    found = [
        one for one in failures(events) if not halted or isinstance(one.recorded.event, ev.Halted | ev.RecordAccepted)
    ]
    return found[-1] if found else None


def _of_halt(state: ReleaseState, halt: ev.Halted, recorded: ev.Recorded) -> RecordedFailure:
    failure, step = halt.failure, state.step(halt.step or "")
    texts = (failure.message, failure.evidence, outcome(state).message)
    facts = Facts(halt.phase, failure.code, tuple(filter(None, [service_of(state, halt.step or "")])), texts)
    return RecordedFailure(recorded, facts, step.output if step else None)


def services_to_look_at(state: ReleaseState, step: str) -> tuple[ServicePlan, ...]:
    """List the services whose containers tell of a failure at a step: its own, else every one of the plan."""
    known = _planned(state)
    own = service_of(state, step)
    return (known[own],) if own else tuple(known.values())


def service_of(state: ReleaseState, step: str) -> str:
    """Name the service that a step is about, empty for none.

    The step is named after it, on the way back behind ``revert.``; names may have dots, so the longest one is meant.
    """
    name = step.removeprefix(f"{Phase.REVERT}.")
    return max((service for service in _planned(state) if name.startswith(f"{service}.")), key=len, default="")


def _planned(state: ReleaseState) -> dict[str, ServicePlan]:
    plan = state.plan
    return {service.name: service for service in (*plan.services, *plan.verified)} if plan else {}
