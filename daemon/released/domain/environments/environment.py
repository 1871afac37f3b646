"""The state of an environment: who owns it, which release occupies it, which hook runs; folded from its stream."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

import msgspec

from released.domain import events as ev
from released.domain.failure import Failure


class Lock(msgspec.Struct, frozen=True):
    """A release occupies the environment."""

    ticket: str
    run: int
    since: dt.datetime
    actor: ev.Actor


class Hold(msgspec.Struct, frozen=True):
    """A person keeps releases out."""

    reason: str
    since: dt.datetime
    until: dt.datetime | None
    actor: ev.Actor

    def applies(self, now: dt.datetime) -> bool:
        """Tell whether it still keeps releases out."""
        return self.until is None or now < self.until


class Returned(msgspec.Struct, frozen=True):
    """The latest return of the checkout from a hotfix branch."""

    deployed: str
    """The commit that runs."""
    head: str
    """Where it brought the checkout."""
    at: dt.datetime


class FailedReturn(msgspec.Struct, frozen=True):
    """A return of the checkout from a hotfix branch that did not come to its end."""

    from_branch: str
    at: dt.datetime
    failure: Failure


class HookRun(msgspec.Struct, frozen=True):
    """A hook or a command of a playbook that a person started, and whose end is not on record."""

    started: ev.ByHand
    since: dt.datetime
    actor: ev.Actor
    epoch: int
    """Of the daemon that took it; any later one finds out what became of it instead of running it."""


class EnvironmentState(msgspec.Struct, frozen=True):
    """What is known of an environment."""

    version: int = 0
    lease: ev.LeaseTaken | None = None
    lock: Lock | None = None
    hold: Hold | None = None
    returning: ev.ReturnStarted | None = None
    """A return from a hotfix branch whose end is not recorded."""
    returned: Returned | None = None
    failed_return: FailedReturn | None = None
    """The latest return, where it failed and nothing was begun since."""
    hook: HookRun | None = None

    @property
    def is_free(self) -> bool:
        """True where nothing occupies it that comes to an end by itself or is settled: a release, a return, a hook."""
        return self.lock is None and self.returning is None and self.hook is None

    def hold_at(self, now: dt.datetime) -> Hold | None:
        """Give the hold that applies at a time."""
        return self.hold if self.hold is not None and self.hold.applies(now) else None


def fold(events: Iterable[ev.Recorded], state: EnvironmentState | None = None) -> EnvironmentState:
    """Fold the events of an environment's stream, from the beginning or on top of an earlier state."""
    current = state or EnvironmentState()
    for recorded in events:
        current = evolve(current, recorded)
    return current


def evolve(state: EnvironmentState, recorded: ev.Recorded) -> EnvironmentState:
    """Give the state after one more event."""
    replace = msgspec.structs.replace
    match recorded.event:
        case ev.LeaseTaken() as lease:
            state = replace(state, lease=lease)
        case ev.LockTaken(ticket=ticket, run=run):
            state = replace(state, lock=Lock(ticket, run, recorded.at, recorded.actor), failed_return=None)
        case ev.LockFreed():
            state = replace(state, lock=None)
        case ev.ReturnStarted() as started:
            state = replace(state, returning=started, failed_return=None)
        case ev.ReturnEnded(failure=failure):
            state = _ended(state, state.returning, failure, recorded.at)
        case ev.Held(reason=reason, until=until):
            state = replace(state, hold=Hold(reason, recorded.at, until, recorded.actor))
        case ev.Unheld():
            state = replace(state, hold=None)
        case ev.HookStarted() | ev.FixStarted() as started:
            epoch = state.lease.epoch if state.lease else 0
            state = replace(state, hook=HookRun(started, recorded.at, recorded.actor, epoch))
        case ev.HookEnded():
            state = replace(state, hook=None)
        case _:
            pass
    return replace(state, version=recorded.version)


def _ended(
    state: EnvironmentState, returning: ev.ReturnStarted | None, failure: Failure | None, at: dt.datetime
) -> EnvironmentState:
    if returning is None:
        raise AssertionError("a return that was not begun cannot end")
    over = msgspec.structs.replace(state, returning=None)
    if failure is not None:
        return msgspec.structs.replace(over, failed_return=FailedReturn(returning.from_branch, at, failure))
    return msgspec.structs.replace(over, returned=Returned(returning.deployed, returning.target, at))
