"""Shows how a command failed: one ``[ERROR]`` line and what may be typed next, or one JSON object."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Sequence
from dataclasses import replace

import click

from releasectl.errors import ClientError, Next
from releasectl.exit_codes import ExitCode
from releasectl.settings import Settings
from releasectl.text.sanitize import clean
from releasectl.text.terminal import fit, prose, width

EVIDENCE_LINES = 12
_MARK = "[ERROR] "
_NO_ERROR = (ExitCode.WAITED, ExitCode.DETACHED)
"""Only the watching ended, as was asked for."""


def report(error: ClientError, settings: Settings) -> None:
    """Show a failure in the form that was asked for."""
    if settings.is_text:
        report_text(error, settings)
    else:
        click.echo(json.dumps({"error": error_document(error, settings)}, ensure_ascii=False))


def error_document(error: ClientError, settings: Settings) -> dict[str, object]:
    """Give the documented JSON object of a failure."""
    return {
        "code": int(error.code),
        "reason": error.reason,
        "message": clean(error.whole_message),
        "next": next_documents(error.next, settings),
    }


def next_documents(commands: Sequence[Next], settings: Settings) -> list[dict[str, object]]:
    """Give the documented JSON objects of commands that may be typed next."""
    return [
        {
            "argv": list(addressed(command, settings).argv),
            "effect": command.effect,
            "danger": command.danger,
            "condition": command.condition,
            "human": command.human,
        }
        for command in commands
    ]


def report_text(error: ClientError, settings: Settings) -> None:
    """Show a failure to people, on stderr.

    Of a release that halted the cause comes last: whatever is printed above it, that stays on the screen.
    """
    color = None if settings.color else False
    mark = "" if error.code in _NO_ERROR else click.style(_MARK, fg="red", bold=True)
    columns = width(sys.stderr.isatty())
    first, *more = prose(f"{_MARK}{clean(error.message).removeprefix(_MARK)}", columns)
    cause = [mark + first.removeprefix(_MARK), *more]
    evidence = [click.style("  │ ", dim=True) + line for line in evidence_lines(error.untrusted_evidence, columns - 4)]
    what_next = next_lines(error.next, settings, columns)
    if error.advice:
        title = "next:" if error.diagnosis else "or:"
        what_next = advice_lines(error.advice, error.next, settings, columns, title)
    lines = [*what_next, *evidence, *cause] if error.advice else [*cause, *evidence, *what_next]
    for line in (*lines, *prose(error.diagnosis, columns)):
        click.echo(line, err=True, color=color)


def evidence_lines(evidence: str, columns: int, most: int = EVIDENCE_LINES) -> list[str]:
    """Give the last lines of what a tool printed, each on one row."""
    lines = clean(evidence).rstrip().splitlines()[-most:]
    return [fit(line.expandtabs(4), columns) for line in lines]


def advice_lines(advice: str, commands: Sequence[Next], settings: Settings, columns: int, title: str) -> list[str]:
    """Write what the daemon advises, and below it the commands that it does not name already."""
    named = [_command_in(line) for line in clean(advice).splitlines()]
    others = [command for command in commands if _without_reason(command) not in named]
    advised = [_addressed_line(line, settings) for line in clean(advice).splitlines()]
    return [*advised, *next_lines(others, settings, columns, title)]


def _command_in(line: str) -> tuple[str, ...]:
    """Give the words of the command that a line consists of, apart from a remark in brackets."""
    return tuple(line.partition("  (")[0].split())


def _without_reason(command: Next) -> tuple[str, ...]:
    words = command.argv
    return words[: words.index("--reason")] if "--reason" in words else words


def _addressed_line(line: str, settings: Settings) -> str:
    """Put the flags behind a command that say which daemon is meant."""
    command, mark, remark = line.partition("  (")
    is_command = command.split()[:1] == ["releasectl"]
    return " ".join([command.rstrip(), *settings.typed]) + mark + remark if is_command and settings.typed else line


def next_lines(commands: Sequence[Next], settings: Settings, columns: int, title: str = "next:") -> list[str]:
    """Write commands so that a whole line can be copied into a shell, the effect as its comment, beside it or above."""
    if not commands:
        return []
    typed = [shlex.join(addressed(command, settings).argv) for command in commands]
    effects = [_effect(command) for command in commands]
    beside = [len(line) + len(effect) + 6 <= columns for line, effect in zip(typed, effects, strict=True)]
    longest = max((len(line) for line, fits in zip(typed, beside, strict=True) if fits), default=0)
    rows = (_next_row(*row, longest, columns) for row in zip(typed, effects, strict=True))
    return [title, *(line for row in rows for line in row)]


def _next_row(typed: str, effect: str, longest: int, columns: int) -> tuple[str, ...]:
    """Write a command with its effect, aligned with the others where the row is wide enough."""
    for padded in (typed.ljust(longest), typed):
        row = f"  {padded}  # {effect}"
        if len(row) <= columns:
            return (row,)
    return (*(f"  # {line}" for line in prose(effect, columns - 4)), f"  {typed}")


def _effect(command: Next) -> str:
    loss = " (data may be lost)" if command.danger == "data-loss" else ""
    condition = f"if {clean(command.condition)}: " if command.condition else ""
    return condition + clean(command.effect) + loss


def addressed(command: Next, settings: Settings) -> Next:
    """Put the flags behind that say which daemon is meant: what is shown must work as it stands."""
    if command.argv[:1] != ("releasectl",) or command.argv[-1:] == ("--help",):
        return command
    return replace(command, argv=(*command.argv, *settings.typed))
