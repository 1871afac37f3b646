"""Whether the same failure happened before, and how it was solved; from the record alone."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from released.domain import events as ev
from released.domain.diagnosis.clues import clues
from released.domain.diagnosis.document import Clue, Occurrence
from released.domain.playbooks.recorded_failure import RecordedFailure, failures

_VARYING = re.compile(r"[0-9a-f]{7,40}|\d+")
_TELLING = ("variable", "endpoint", "image")


class Likeness(NamedTuple):
    """What two failures have in common where they are the same."""

    phase: str
    code: str
    services: tuple[str, ...]
    told: str
    """The first line of the message without the names of ticket and commits; or what its clues are about."""


def likeness(failure: RecordedFailure, ticket: str) -> Likeness:
    """Say what makes a failure the same as another one."""
    facts = failure.facts
    about = sorted({_key(clue) for clue in clues(facts.code, facts.texts) if clue.kind in _TELLING})
    first = next(iter(facts.texts[0].splitlines()), "").replace(ticket, "#")
    return Likeness(facts.phase, facts.code, facts.services, ", ".join(about) or _VARYING.sub("#", first))


def occurrences(events: Sequence[ev.Recorded], ticket: str, of: Likeness, before: int) -> Iterator[Occurrence]:
    """List the same failures of a ticket that are older than a position of the log.

    Args:
        events: the ticket's stream.
        ticket: its name.
        of: the failure that is looked for.
        before: where that stands in the log.
    """
    for failure in failures(events):
        at = failure.recorded
        if at.position < before and likeness(failure, ticket) == of:
            yield Occurrence(ticket, _run_at(events, at.version), at.at, at.version, _solved(events, at.version))


def _key(clue: Clue) -> str:
    return f"{clue.kind} {clue.subject}"


def _run_at(events: Sequence[ev.Recorded], version: int) -> int:
    runs = (one.event.run for one in events[:version] if isinstance(one.event, ev.RunRequested))
    return max(runs, default=0)


def _solved(events: Sequence[ev.Recorded], version: int) -> str:
    """Tell how it went on: what was decided, and how the release ended."""
    decided = ""
    for recorded in events[version:]:
        match recorded.event:
            case ev.Resumed(phase=phase, reason=reason):
                decided = f"resumed in {phase}{_because(reason)}"
            case ev.StepResolved(step=step, done=done, reason=reason):
                decided = f"{step} was settled as {'done' if done else 'failed'}{_because(reason)}"
            case ev.RevertRequested(options=options):
                decided = f"taken back{_because(options.reason)}"
            case ev.RunRequested(run=run):
                decided = f"run {run} was accepted"
            case ev.Abandoned(reason=reason):
                return f"given up{_because(reason)}"
            case ev.Halted():
                decided = ""
            case ev.Released() | ev.Reverted() | ev.RevertUndone() if decided:
                over = "reverted" if isinstance(recorded.event, ev.Reverted) else "released"
                return f"{decided}; {over} {recorded.at:%Y-%m-%d %H:%MZ}"
    return ""


def _because(reason: str) -> str:
    return f": {reason}" if reason else ""
