"""What may stand on the command line: tickets, phases, durations …; what may not is refused with a sentence."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from releasectl.lifecycle import HALTED, PHASES, REVERT, REVERTIBLE, RUNNING, STATES
from releasectl.text.durations import parse_duration_s

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

Parse = Callable[[str], str]


def _named(name: str, pattern: str, expected: str) -> Parse:
    """Make a parser that accepts texts of a given form only."""
    form = re.compile(pattern)

    def parse(text: str) -> str:
        if form.fullmatch(text) is None:
            raise click.BadParameter(f"{text!r} is not a {name}: expected {expected}.")
        return text

    return parse


def duration(text: str) -> float:
    """Turn ``5m`` into 300.0 seconds."""
    try:
        return parse_duration_s(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


def since(text: str) -> dt.datetime:
    """Turn RFC 3339, or a duration back from now (``2h``, ``2h ago``), into a moment."""
    return _moment(text, lambda: dt.datetime.now(dt.UTC) - dt.timedelta(seconds=duration(text.removesuffix(" ago"))))


def moment(text: str) -> dt.datetime | int:
    """Turn a time, as ``since`` does, or the number of an event into a moment in the past."""
    return int(text) if _EVENT_NUMBER.fullmatch(text) else since(text)


def until(text: str) -> dt.datetime:
    """Turn RFC 3339, or a duration from now, into a moment."""
    return _moment(text, lambda: dt.datetime.now(dt.UTC) + dt.timedelta(seconds=duration(text)))


def _moment(text: str, relative: Callable[[], dt.datetime]) -> dt.datetime:
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        try:
            return relative()
        except OverflowError:
            raise click.BadParameter(f"{text!r} is too far away.") from None
    if moment.tzinfo is None:
        raise click.BadParameter(f"{text!r} has no time zone: expected RFC 3339, such as 2026-11-24T06:00:00Z.")
    return moment


def setting(text: str) -> tuple[str, str]:
    """Take ``name=value`` apart."""
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise click.BadParameter(f"{text!r} is not a setting: expected NAME=VALUE.")
    return name, value


class OneOf(click.Choice[str]):
    """A word out of a few."""

    def __init__(self, name: str, words: tuple[str, ...]) -> None:
        super().__init__(words)
        self.name = name

    def get_invalid_choice_message(self, value: str, ctx: click.Context | None) -> str:  # noqa: ARG002 (click's interface)
        """Say which words there are."""
        return f"{value!r} is not a {self.name}: expected one of {', '.join(self.choices)}."


class Known(click.types.FuncParamType):  # type: ignore[type-arg] # click took no arguments for it before 8.4
    """A name of something that the daemon knows, which a shell can offer therefore."""

    def __init__(self, name: str, pattern: str, expected: str, states: tuple[str, ...] = STATES) -> None:
        super().__init__(_named(name, pattern, expected))
        self.name = name
        self._states = states
        """Of the releases that are worth offering."""

    def shell_complete(
        self,
        ctx: click.Context,
        param: click.Parameter,  # noqa: ARG002 (click's interface)
        incomplete: str,
    ) -> list[CompletionItem[str]]:
        """Ask the daemon which names there are.

        Raises:
            ClientError: it did not tell.
        """
        from releasectl.arguments.suggestions import OFFERS  # noqa: PLC0415 (talks to the daemon, which imports this module)

        return OFFERS[self.name](ctx, incomplete, self._states)


def _ticket(states: tuple[str, ...]) -> Known:
    expected = "1 to 64 letters, digits, '.', '_' or '-', starting with a letter or digit"
    return Known("ticket", r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", expected, states)


TICKET = _ticket(STATES)
RUNNING_TICKET, HALTED_TICKET, REVERTIBLE_TICKET = _ticket(RUNNING), _ticket(HALTED), _ticket(REVERTIBLE)
"""Any ticket may be typed; only those are offered with which the command has something to do."""
SERVICE = Known("service", r"[a-z0-9][a-z0-9._-]{0,63}", "the name of its folder below packages/")
HOOK = _named("hook", r"[A-Za-z0-9_][A-Za-z0-9._+@-]{0,127}", "the name of a file below scripts/ of the service")
PLAYBOOK = _named("playbook", r"[a-z0-9]+(-[a-z0-9]+)*", "an id-in-kebab-case")
COMMIT = _named("commit", r"[0-9a-f]{40}", "its full id of 40 hex digits")
REQUEST_ID = _named("request id", r"[A-Za-z0-9._:-]{8,128}", "8 to 128 of A-Za-z0-9._:-")
EVENT = click.IntRange(min=0)
_EVENT_NUMBER = re.compile(r"[0-9]{1,7}")
"""Eight digits and more are a date."""
PLAN_HASH = _named("plan hash", r"[0-9a-f]{16}", "the 16 hex digits that plan printed")
PHASE = OneOf("phase", (*PHASES, REVERT))
STATE = OneOf("state", STATES)
