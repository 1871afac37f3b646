"""Facts of a release, from the request to its end, and back."""

from __future__ import annotations

import datetime as dt

import msgspec

from released.domain.events.origin import OutputRef
from released.domain.events.results import Result
from released.domain.failure import Failure, NextCommand
from released.domain.ids import Phase, Ticket
from released.domain.releases.plan import ReleasePlan
from released.domain.releases.surroundings import Surroundings
from released.domain.revert.plan import RevertPlan


class RunOptions(msgspec.Struct, frozen=True):
    """What the operator asked for besides the ticket."""

    skip: tuple[Phase, ...] = ()
    base: str | None = None
    with_tickets: tuple[Ticket, ...] = ()
    verify_all: bool = False
    reason: str = ""
    include_reverted: bool = False
    """Commits that a revert held as bad may come back."""
    allow_branch: bool = False
    """Another branch than the configured one may be released: a hotfix."""


class RunRequested(msgspec.Struct, frozen=True):
    """All preconditions hold; the run is accepted with its plan."""

    run: int
    request_id: str
    environment: str
    plan: ReleasePlan
    options: RunOptions


class Refused(msgspec.Struct, frozen=True):
    """A command was refused; nothing was changed and no run was opened."""

    command: str
    request_id: str
    code: str
    message: str
    kind: str = "refused"
    """``refused``, ``not_found`` or ``invalid``: what the caller's exit code says."""
    next: tuple[NextCommand, ...] = ()


class PlannedStep(msgspec.Struct, frozen=True):
    """A step of a phase's plan: its name and how it recovers (``repeat``, ``observe`` or ``ask``)."""

    name: str
    recovery: str


class PhaseStarted(msgspec.Struct, frozen=True):
    """A phase begins with these steps."""

    phase: Phase
    steps: tuple[PlannedStep, ...]


class PhaseCompleted(msgspec.Struct, frozen=True):
    """Every step of the phase succeeded."""

    phase: Phase


class PhaseSkipped(msgspec.Struct, frozen=True):
    """The phase was left out."""

    phase: Phase
    reason: str


class StepStarted(msgspec.Struct, frozen=True):
    """The intent: from here on the step's effect may have taken place."""

    step: str
    attempt: int
    boot_id: str
    timeout_s: float | None = None
    """How long this attempt may take, in seconds from the event's time on; ``None``: it has no limit of its own."""
    idle_s: float | None = None
    """How long what runs may print nothing, in seconds."""


class StepSucceeded(msgspec.Struct, frozen=True):
    """The step's effect took place and is durable."""

    step: str
    attempt: int
    result: Result | None = None
    output: OutputRef | None = None


class StepFailed(msgspec.Struct, frozen=True):
    """The step's effect did not succeed."""

    step: str
    attempt: int
    failure: Failure
    output: OutputRef | None = None


class StepInterrupted(msgspec.Struct, frozen=True):
    """The daemon or the host died during the step, and it is safe to do it again."""

    step: str
    attempt: int
    boot_id: str


class Recovered(msgspec.Struct, frozen=True):
    """A new daemon found the release unfinished and goes on with it by itself."""

    phase: Phase
    step: str | None
    boot_id: str


class FellSilent(msgspec.Struct, frozen=True):
    """The release is under way, and recorded nothing for longer than it should take; it may hang."""

    since: dt.datetime
    """When it last recorded anything."""
    limit_s: float
    """After how many seconds that is said."""
    step: str | None = None
    """What is under way according to the record."""


class Reconciled(msgspec.Struct, frozen=True):
    """After a restart of the host the record was compared with what is there, and leftovers were settled."""

    boot_id: str
    """Of the host as it runs now."""
    settled: tuple[str, ...] = ()
    """What was done, one sentence per container."""
    missing: tuple[str, ...] = ()
    """What is on record as done and is not there any more."""


class Halted(msgspec.Struct, frozen=True):
    """The release stops and waits for a decision."""

    phase: Phase
    cause: str
    """``failed``, ``interrupted``, ``cancelled``, ``in_doubt``, ``inconclusive`` or ``held``."""
    step: str | None
    failure: Failure
    surroundings: Surroundings | None = None
    """How things stood at that moment; ``None`` where nothing was looked at."""


class Resumed(msgspec.Struct, frozen=True):
    """An operator lets a halted release go on in this phase; ``anew`` does its finished steps again."""

    request_id: str
    phase: Phase
    anew: bool
    reason: str
    plan: ReleasePlan | None = None
    """The renewed plan, where resuming from prepare took up new commits."""
    playbook: str = ""
    """The known failure mode that this was, by the word of the operator."""


class RevertOptions(msgspec.Struct, frozen=True):
    """What the operator asked for besides the ticket that is taken back."""

    skip_git: bool = False
    """Code, images and ``.env`` stay as they are."""
    skip_data: bool = False
    """No data is restored."""
    with_data: tuple[str, ...] = ()
    """Stateful services whose data is restored all the same; ``all`` for each."""
    push: bool = False
    reason: str = ""


class RevertRequested(msgspec.Struct, frozen=True):
    """All preconditions hold; the revert is accepted with its plan."""

    run: int
    request_id: str
    plan: RevertPlan
    options: RevertOptions


class Reverted(msgspec.Struct, frozen=True):
    """What stood before the release stands again, and is verified; its commits are held as bad."""

    run: int


class RevertUndone(msgspec.Struct, frozen=True):
    """What stood before the revert stands again, and is verified: the release is in place."""

    run: int


class Adopted(msgspec.Struct, frozen=True):
    """A release that was done by hand is taken in; nothing was saved by us before it."""

    run: int
    request_id: str
    plan: ReleasePlan
    reason: str
    deployed: str = ""
    """The commit that was deployed when it was taken in, where that is a later one; empty: its own."""


class CancelRequested(msgspec.Struct, frozen=True):
    """An operator wants the release to stop after the present step, or the step too."""

    request_id: str
    reason: str
    kill: bool = False


class StepResolved(msgspec.Struct, frozen=True):
    """An operator looked, and says what became of a step that was in doubt."""

    request_id: str
    step: str
    done: bool
    reason: str


class Abandoned(msgspec.Struct, frozen=True):
    """An operator gives a halted release up; the environment is free again."""

    request_id: str
    reason: str


class Noted(msgspec.Struct, frozen=True):
    """A remark on the record."""

    request_id: str
    text: str


class LegalHoldPlaced(msgspec.Struct, frozen=True):
    """What was printed for this ticket is evidence: it is kept however old it grows."""

    request_id: str
    reason: str


class LegalHoldLifted(msgspec.Struct, frozen=True):
    """It may expire again."""

    request_id: str
    reason: str


class Reminded(msgspec.Struct, frozen=True):
    """The release is still halted, and this was said."""

    number: int
    """From 1, counted from the halt."""
    halted_since: dt.datetime
    phase: Phase
    cause: str
    code: str
    """Of the failure that it waits for a decision about."""


class DetectionCheck(msgspec.Struct, frozen=True):
    """A detection command of a playbook, and what came of it."""

    command: str
    """As it was run, or with the placeholders of which nothing was known."""
    exit_code: int | None = None
    """Its status as a shell shows it; ``None`` where it was not run to its end."""
    matched: bool = False
    """What the playbook expects was found in its output."""
    output: str = ""
    """The end of what it printed."""
    failed: str = ""
    """Why it was not run, or not to its end."""


class DetectionRan(msgspec.Struct, frozen=True):
    """The detection commands of a playbook were run for a failure; they changed nothing."""

    request_id: str
    playbook: str
    failure: int
    """Version of the event that tells of the failure."""
    checks: tuple[DetectionCheck, ...]

    @property
    def applies(self) -> bool:
        """True where every command found what the playbook expects."""
        return bool(self.checks) and all(check.matched for check in self.checks)


class PlaybookApplied(msgspec.Struct, frozen=True):
    """A person has a command of a playbook run for a failure of this ticket; the environment's stream has its end."""

    request_id: str
    playbook: str
    part: str
    """``fix`` or ``verify``."""
    command: str


class NothingToDo(msgspec.Struct, frozen=True):
    """No service is affected and the ticket has no script; the checkout has not moved."""

    run: int


class Released(msgspec.Struct, frozen=True):
    """The release is verified and over."""

    run: int
