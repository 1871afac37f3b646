"""A failure as it is judged: what is on record of it, what its evidence gives away, and how things stand now."""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

from released.domain import events as ev
from released.domain.diagnosis.clues import of_kind
from released.domain.diagnosis.document import Clue, Present
from released.domain.failure import NextCommand
from released.domain.playbooks.recorded_failure import RecordedFailure
from released.domain.releases.release import ReleaseState


class Case(NamedTuple):
    """All that causes, recommendations and commands are concluded from."""

    ticket: str
    kind: str
    """As in ``Diagnosis``."""
    state: ReleaseState
    failure: RecordedFailure | None
    clues: tuple[Clue, ...]
    present: Present
    since: dt.datetime | None
    """Since when the latest phase is under way."""

    @property
    def code(self) -> str:
        """The recorded code of the failure."""
        return self.failure.facts.code if self.failure else ""

    @property
    def message(self) -> str:
        """What was said of the failure."""
        return self.failure.facts.texts[0] if self.failure else ""

    @property
    def step(self) -> str:
        """The step at fault, empty where it was none."""
        match self.failure.recorded.event if self.failure else None:
            case ev.Halted(step=step):
                return step or ""
            case ev.RecordAccepted() if self.state.halt:
                return self.state.halt.step or ""
            case _:
                return ""

    @property
    def phase(self) -> str:
        """The phase of the failure, or of a release that runs."""
        return self.failure.facts.phase if self.failure else str(self.state.phase or "")

    @property
    def service(self) -> str:
        """The service at fault, empty where it was none."""
        return next(iter(self.failure.facts.services), "") if self.failure else ""

    @property
    def recorded_next(self) -> tuple[NextCommand, ...]:
        """What was offered when it failed."""
        match self.failure.recorded.event if self.failure else None:
            case ev.Refused(next=offered):
                return offered
            case ev.Halted(failure=failure):
                return failure.next
            case _:
                return ()

    def about(self, kind: str) -> tuple[str, ...]:
        """List what the clues of one kind are about."""
        return of_kind(self.clues, kind)
