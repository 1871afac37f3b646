"""What the webhook tells: that a release halted, that it still waits, and how one that had halted ended.

A message is a function of the record, so that one which is sent again is the same. It holds names, codes and commands,
and neither what tools printed nor what people typed.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence

import msgspec

from released.domain import events as ev
from released.domain.releases import release
from released.domain.releases.release import ReleaseState

ENDS = (ev.Released, ev.NothingToDo, ev.Reverted, ev.RevertUndone, ev.Abandoned)
TOLD = (ev.Halted, ev.Reminded, *ENDS)
"""The types of events that may have a message."""


class Data(msgspec.Struct, frozen=True):
    """What a message says of its release."""

    environment: str
    ticket: str
    run: int
    state: str
    """``halted``, ``released``, ``nothing_to_do``, ``reverted`` or ``abandoned``."""
    phase: str = ""
    """This and what follows: of the halt; empty once the release is over."""
    cause: str = ""
    code: str = ""
    since: dt.datetime | None = None
    reminder: int = 0
    """The number of the reminder; 0 where the message is none."""
    next: tuple[tuple[str, ...], ...] = ()
    """Argument lists of the commands that lead on."""


class Message(msgspec.Struct, frozen=True):
    """A message as it is sent."""

    type: str
    """``release.halted``, ``release.reminded``, or ``release.`` and the state in which it ended."""
    timestamp: dt.datetime
    """Of the event."""
    data: Data


def message(environment: str, history: Sequence[ev.Recorded]) -> Message | None:
    """Give the message of a ticket's latest event; ``None`` where there is nothing to tell.

    Args:
        environment: of the ticket.
        history: the ticket's stream from its beginning up to the event.
    """
    recorded = history[-1]
    if not isinstance(recorded.event, TOLD):
        return None
    state = release.fold(history)
    data = Data(environment, state.ticket, state.run, state.status)
    if isinstance(recorded.event, ENDS):
        return Message(f"release.{state.status}", recorded.at, data) if _has_halted(history) else None
    kind = "reminded" if isinstance(recorded.event, ev.Reminded) else "halted"
    return Message(f"release.{kind}", recorded.at, _of_halt(data, state))


def body(told: Message, mask: Callable[[str], str]) -> bytes:
    """Write a message as JSON, each text in it masked."""
    return msgspec.json.encode(_masked(msgspec.to_builtins(told), mask))


def _of_halt(data: Data, state: ReleaseState) -> Data:
    halt, standstill = release.required_halt(state), state.standstill
    return msgspec.structs.replace(
        data,
        phase=str(halt.phase),
        cause=halt.cause,
        code=halt.failure.code,
        since=standstill.since if standstill else None,
        reminder=standstill.reminders if standstill else 0,
        next=tuple(command.argv for command in halt.failure.next),
    )


def _has_halted(history: Sequence[ev.Recorded]) -> bool:
    """Tell whether the latest run halted at any time, on its way back too."""
    for recorded in reversed(history):
        if isinstance(recorded.event, ev.Halted):
            return True
        if isinstance(recorded.event, ev.RunRequested):
            return False
    return False


def _masked(value: object, mask: Callable[[str], str]) -> object:
    match value:
        case str():
            return mask(value)
        case dict():
            return {key: _masked(each, mask) for key, each in value.items()}
        case list() | tuple():
            return [_masked(each, mask) for each in value]
        case _:
            return value
