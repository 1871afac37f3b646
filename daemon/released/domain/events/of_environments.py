"""Facts of an environment: its lease, its lock, holds, returns from a hotfix branch, and what people run by hand."""

from __future__ import annotations

import datetime as dt

import msgspec

from released.domain.events.origin import OutputRef
from released.domain.failure import Failure
from released.domain.ids import ServiceName, Ticket
from released.domain.releases.plan import Executable


class LeaseTaken(msgspec.Struct, frozen=True):
    """A daemon owns the environment from here on; appends with an older epoch are refused."""

    epoch: int
    holder: str
    pid: int
    boot_id: str
    version: str


class RecordAccepted(msgspec.Struct, frozen=True):
    """A person took the record as it is, though the checkout's witness saw events that it lacks."""

    reason: str
    last_known: int
    """Position of the last event that the record had then."""
    witnessed: int = 0
    """Position of the event that the witness saw; 0 where it could not be read."""
    witnessed_at: dt.datetime | None = None
    doing: str = ""
    """What was about to be done, or over, at that event."""


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


class OutputExpired(msgspec.Struct, frozen=True):
    """What was printed long ago is removed; the events stay."""

    request_id: str
    before: dt.datetime
    """What ended after that stays."""
    folders: tuple[str, ...]
    """That go, relative to the state directory: one for each run, and for each hook that was run by hand."""
    bytes: int


class HookEnded(msgspec.Struct, frozen=True):
    """What was run by hand, a hook or a command of a playbook, is over; well, where it has no failure."""

    request_id: str
    failure: Failure | None = None
    in_doubt: bool = False
    """Its process was lost, and nobody can know how far it came."""
    output: OutputRef | None = None
