"""The facts of releases, in the past tense. What is not in one of these does not exist.

Events of a release live in the stream ``release/<environment>/<ticket>``; leases and the lock of an environment in
``environment/<name>``. Names and shapes are versioned by the codec of the store; fields are only ever added.
"""

from __future__ import annotations

import datetime as dt

import msgspec

from released.domain.failure import Failure, NextCommand
from released.domain.ids import Phase, ServiceName, Ticket
from released.domain.releases.plan import Executable, ReleasePlan
from released.domain.releases.surroundings import Surroundings
from released.domain.revert.plan import RevertPlan


class Actor(msgspec.Struct, frozen=True):
    """Who caused an event; ids come from the kernel, never from the caller."""

    uid: int
    name: str
    login_uid: int | None = None
    """The user who logged in, which ``sudo`` does not change."""


class OutputRef(msgspec.Struct, frozen=True):
    """Where the output of a step lies, and what it must hash to."""

    path: str
    """Relative to the state directory."""
    bytes: int
    sha256: str


# --- results: what a step found out and later steps need ---------------------------------------------------------


class BackedUp(msgspec.Struct, frozen=True, tag="backed_up"):
    """A backup set was written and read back."""

    service: str
    stamp: str
    bytes: int
    nothing_yet: tuple[str, ...] = ()
    """Volumes that come with the release, so that there was nothing of them to save."""


class ImagesKept(msgspec.Struct, frozen=True, tag="images_kept"):
    """The images that ran before the release carry a tag of ours, so that no prune takes them."""

    service: str
    images: dict[str, str]
    """Container name to image id."""
    references: dict[str, str] = {}
    """Container name to the reference that it was made from."""
    variables: dict[str, str | None] = {}
    """The image-tag variable as ``.env`` holds it; ``None``: not at all."""
    project: str = ""
    """The Compose project of the containers; empty where there were none."""
    compose_services: dict[str, str] = {}
    """Container name to its name in the Compose file; empty for one that Compose did not make. An older record lacks
    it."""


class CheckoutMoved(msgspec.Struct, frozen=True, tag="checkout_moved"):
    """The checkout stands at this commit."""

    head: str


class Composed(msgspec.Struct, frozen=True, tag="composed"):
    """What Compose says that a service consists of, and which containers stood before the release."""

    service: str
    project: str
    driver: str
    compose_services: tuple[str, ...]
    previous: tuple[str, ...]
    """Ids of the containers that are to be replaced."""
    container_names: tuple[str, ...] = ()
    """The names that the Compose file gives to containers."""


class ImageReady(msgspec.Struct, frozen=True, tag="image_ready"):
    """The image that the service's containers will run is present."""

    service: str
    reference: str
    image_id: str
    digests: tuple[str, ...] = ()


class Recreated(msgspec.Struct, frozen=True, tag="recreated"):
    """The service's containers were replaced."""

    service: str
    containers: dict[str, str]
    """Container name to container id."""


class CommandExited(msgspec.Struct, frozen=True, tag="command_exited"):
    """A script, hook or tool ended with success."""

    rc: int


class Checked(msgspec.Struct, frozen=True, tag="checked"):
    """A check passed; ``lines`` are what an operator reads, one per check."""

    lines: tuple[str, ...]


class DataRestored(msgspec.Struct, frozen=True, tag="data_restored"):
    """The data of a service is what a backup set holds."""

    service: str
    stamp: str


class Pushed(msgspec.Struct, frozen=True, tag="pushed"):
    """The commit that takes the code back was offered to the remote."""

    commit: str
    refused: str = ""
    """Why the remote did not take it; the revert is complete all the same."""


Result = (
    BackedUp
    | ImagesKept
    | CheckoutMoved
    | Composed
    | ImageReady
    | Recreated
    | CommandExited
    | Checked
    | DataRestored
    | Pushed
)


# --- the environment ---------------------------------------------------------------------------------------------


class LeaseTaken(msgspec.Struct, frozen=True):
    """A daemon owns the environment from here on; appends with an older epoch are refused."""

    epoch: int
    holder: str
    pid: int
    boot_id: str
    version: str


class LockTaken(msgspec.Struct, frozen=True):
    """A release occupies the environment."""

    ticket: Ticket
    run: int


class LockFreed(msgspec.Struct, frozen=True):
    """The environment is free again."""

    ticket: Ticket
    run: int


class Held(msgspec.Struct, frozen=True):
    """A person keeps releases out: the next start is refused, what runs goes on."""

    request_id: str
    reason: str
    until: dt.datetime | None = None


class Unheld(msgspec.Struct, frozen=True):
    """Releases may start again."""

    request_id: str


class ReturnStarted(msgspec.Struct, frozen=True):
    """The checkout begins to go back from a hotfix branch to the configured one."""

    request_id: str
    from_branch: str
    head: str
    """Where it stands."""
    target: str
    """Where it goes: the tip of the remote's branch."""
    deployed: str
    """The commit that runs: the next release counts its changes from there."""
    reason: str = ""


class ReturnEnded(msgspec.Struct, frozen=True):
    """The checkout stands at the target; or, where there is a failure, the way there was given up."""

    request_id: str
    failure: Failure | None = None


class HookStarted(msgspec.Struct, frozen=True):
    """The intent of a hook that a person runs by hand: from here on its effect may have taken place."""

    request_id: str
    service: ServiceName
    executable: Executable
    reason: str
    boot_id: str


class FixStarted(msgspec.Struct, frozen=True):
    """The intent of a command of a playbook that a person applies: from here on its effect may have taken place."""

    request_id: str
    ticket: Ticket
    playbook: str
    part: str
    """``fix`` or ``verify``."""
    command: str
    """A shell command, its placeholders filled."""
    boot_id: str


ByHand = HookStarted | FixStarted
"""What a person runs by hand while no release does."""


class HookEnded(msgspec.Struct, frozen=True):
    """What was run by hand, a hook or a command of a playbook, is over; well, where it has no failure."""

    request_id: str
    failure: Failure | None = None
    in_doubt: bool = False
    """Its process was lost, and nobody can know how far it came."""
    output: OutputRef | None = None


# --- a release ---------------------------------------------------------------------------------------------------


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


Event = (
    LeaseTaken
    | LockTaken
    | LockFreed
    | Held
    | Unheld
    | ReturnStarted
    | ReturnEnded
    | HookStarted
    | FixStarted
    | HookEnded
    | RunRequested
    | Refused
    | PhaseStarted
    | PhaseCompleted
    | PhaseSkipped
    | StepStarted
    | StepSucceeded
    | StepFailed
    | StepInterrupted
    | Recovered
    | Halted
    | Resumed
    | RevertRequested
    | Reverted
    | RevertUndone
    | Adopted
    | CancelRequested
    | StepResolved
    | Abandoned
    | Noted
    | Reminded
    | DetectionRan
    | PlaybookApplied
    | NothingToDo
    | Released
)


class Recorded(msgspec.Struct, frozen=True):
    """An event as it stands in the store."""

    position: int
    """Place in the whole log, from 1, without gaps."""
    stream: str
    version: int
    """Place in its stream, from 1, without gaps."""
    event_id: str
    at: dt.datetime
    actor: Actor
    event: Event


def release_stream(environment: str, ticket: str) -> str:
    """Name the stream of a ticket's releases."""
    return f"release/{environment}/{ticket}"


def environment_stream(environment: str) -> str:
    """Name the stream of an environment's leases, locks, holds and what is run by hand."""
    return f"environment/{environment}"
