"""What an operator asks for. Actor, time and ids are set by the API; nothing in the domain reads a clock."""

from __future__ import annotations

import msgspec

from released.domain.events import RevertOptions, RunOptions
from released.domain.ids import HookName, Phase, RequestId, ServiceName, Sha, Ticket


class StartRun(msgspec.Struct, frozen=True):
    """Release a ticket."""

    ticket: Ticket
    request_id: RequestId
    options: RunOptions = RunOptions()
    plan_hash: str = ""
    """Of the plan that was looked at; empty where any will do."""


class Revert(msgspec.Struct, frozen=True):
    """Take a release back, or a revert of it."""

    ticket: Ticket
    request_id: RequestId
    options: RevertOptions = RevertOptions()
    plan_hash: str = ""
    """Of the plan that was looked at; empty where any will do."""
    after: tuple[Ticket, ...] = ()
    """Where it is only looked at: tickets that would be taken back first, in this order."""


class Adopt(msgspec.Struct, frozen=True):
    """Take in a release that was done by hand."""

    ticket: Ticket
    request_id: RequestId
    base: Sha
    merge: Sha
    reason: str


class Cancel(msgspec.Struct, frozen=True):
    """Stop a running release after its present step, or the step too."""

    ticket: Ticket
    request_id: RequestId
    reason: str
    kill: bool = False


class Resolve(msgspec.Struct, frozen=True):
    """Settle a step that is in doubt."""

    ticket: Ticket
    request_id: RequestId
    step: str
    done: bool
    reason: str


class Abandon(msgspec.Struct, frozen=True):
    """Give a halted release up, and free its environment."""

    ticket: Ticket
    request_id: RequestId
    reason: str


class ReleaseLock(msgspec.Struct, frozen=True):
    """Give the release up that occupies the environment, whichever that is."""

    request_id: RequestId
    reason: str


class Note(msgspec.Struct, frozen=True):
    """Put a remark on the record."""

    ticket: Ticket
    request_id: RequestId
    text: str


class LegalHold(msgspec.Struct, frozen=True):
    """Keep what was printed for a ticket however old it grows, or let it expire again."""

    ticket: Ticket
    request_id: RequestId
    reason: str
    lift: bool = False


class ResumeRun(msgspec.Struct, frozen=True):
    """Let a halted release go on from its first unfinished step, or anew from a phase."""

    ticket: Ticket
    request_id: RequestId
    from_phase: Phase | None = None
    reason: str = ""
    playbook: str = ""
    """The known failure mode that it was."""


OfTicket = StartRun | ResumeRun | Revert | Adopt | Cancel | Resolve | Abandon | Note | LegalHold


class RunHook(msgspec.Struct, frozen=True):
    """Run one hook of a service by hand."""

    service: ServiceName
    hook: HookName
    request_id: RequestId
    reason: str = ""


class RunFix(msgspec.Struct, frozen=True):
    """Run one command of a playbook for a ticket's failure."""

    ticket: Ticket
    request_id: RequestId
    playbook: str
    part: str
    """``fix`` or ``verify``."""
    command: str
    """As the person saw it who agreed."""
