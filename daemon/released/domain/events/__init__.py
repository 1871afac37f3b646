"""The facts of releases, in the past tense. What is not in one of these does not exist.

Events of a release live in the stream ``release/<environment>/<ticket>``; leases and the lock of an environment in
``environment/<name>``. Either may tell of a secret that was taken out of it. Names and shapes are versioned by the
codec of the store; fields are only ever added.
"""

from __future__ import annotations

import datetime as dt

import msgspec

from released.domain.events.of_environments import (
    ByHand,
    FixStarted,
    Held,
    HookEnded,
    HookStarted,
    LeaseTaken,
    LockFreed,
    LockTaken,
    OutputExpired,
    RecordAccepted,
    ReturnEnded,
    ReturnStarted,
    Unheld,
)
from released.domain.events.of_releases import (
    Abandoned,
    Adopted,
    CancelRequested,
    DetectionCheck,
    DetectionRan,
    FellSilent,
    Halted,
    LegalHoldLifted,
    LegalHoldPlaced,
    Noted,
    NothingToDo,
    PhaseCompleted,
    PhaseSkipped,
    PhaseStarted,
    PlannedStep,
    PlaybookApplied,
    Reconciled,
    Recovered,
    Refused,
    Released,
    Reminded,
    Resumed,
    Reverted,
    RevertOptions,
    RevertRequested,
    RevertUndone,
    RunOptions,
    RunRequested,
    StepFailed,
    StepInterrupted,
    StepResolved,
    StepStarted,
    StepSucceeded,
)
from released.domain.events.of_the_record import Redacted
from released.domain.events.origin import Actor, OutputRef
from released.domain.events.results import (
    BackedUp,
    Checked,
    CheckoutMoved,
    CommandExited,
    Composed,
    DataRestored,
    ImageReady,
    ImagesKept,
    Pushed,
    Recreated,
    Result,
)

__all__ = [
    "Abandoned",
    "Actor",
    "Adopted",
    "BackedUp",
    "ByHand",
    "CancelRequested",
    "Checked",
    "CheckoutMoved",
    "CommandExited",
    "Composed",
    "DataRestored",
    "DetectionCheck",
    "DetectionRan",
    "Event",
    "FellSilent",
    "FixStarted",
    "Halted",
    "Held",
    "HookEnded",
    "HookStarted",
    "ImageReady",
    "ImagesKept",
    "LeaseTaken",
    "LegalHoldLifted",
    "LegalHoldPlaced",
    "LockFreed",
    "LockTaken",
    "Noted",
    "NothingToDo",
    "OutputExpired",
    "OutputRef",
    "PhaseCompleted",
    "PhaseSkipped",
    "PhaseStarted",
    "PlannedStep",
    "PlaybookApplied",
    "Pushed",
    "Reconciled",
    "RecordAccepted",
    "Recorded",
    "Recovered",
    "Recreated",
    "Redacted",
    "Refused",
    "Released",
    "Reminded",
    "Result",
    "Resumed",
    "ReturnEnded",
    "ReturnStarted",
    "RevertOptions",
    "RevertRequested",
    "RevertUndone",
    "Reverted",
    "RunOptions",
    "RunRequested",
    "StepFailed",
    "StepInterrupted",
    "StepResolved",
    "StepStarted",
    "StepSucceeded",
    "Unheld",
    "environment_stream",
    "release_stream",
]

Event = (
    LeaseTaken
    | RecordAccepted
    | LockTaken
    | LockFreed
    | Held
    | Unheld
    | ReturnStarted
    | ReturnEnded
    | HookStarted
    | FixStarted
    | HookEnded
    | OutputExpired
    | RunRequested
    | Refused
    | PhaseStarted
    | PhaseCompleted
    | PhaseSkipped
    | StepStarted
    | StepSucceeded
    | StepFailed
    | StepInterrupted
    | Reconciled
    | Recovered
    | FellSilent
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
    | LegalHoldPlaced
    | LegalHoldLifted
    | Reminded
    | DetectionRan
    | PlaybookApplied
    | NothingToDo
    | Released
    | Redacted
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
