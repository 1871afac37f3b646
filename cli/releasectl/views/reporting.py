"""Shows how a command failed: one ``[ERROR]`` line and what may be typed next, or one JSON object."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Sequence

import click

from releasectl.errors import ClientError, Next
from releasectl.exit_codes import ExitCode
from releasectl.settings import Settings
from releasectl.text.sanitize import clean
from releasectl.text.terminal import width

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
        {"argv": list(addressed(command, settings).argv), "effect": command.effect, "danger": command.danger}
        for command in commands
    ]


def report_text(error: ClientError, settings: Settings) -> None:
    """Show a failure to people, on stderr."""
    color = None if settings.color else False
    mark = "" if error.code in _NO_ERROR else click.style(_MARK, fg="red", bold=True)
    click.echo(mark + clean(error.message).removeprefix(_MARK), err=True, color=color)
    for line in evidence_lines(error.untrusted_evidence):
        click.echo(click.style("  │ ", dim=True) + line, err=True, color=color)
    if error.advice:
        click.echo(clean(error.advice), err=True)
    for line in next_lines(error.next, settings, width(sys.stderr.isatty())):
        click.echo(line, err=True)


def evidence_lines(evidence: str) -> list[str]:
    """Give the last lines of what a tool printed."""
    return clean(evidence).rstrip().splitlines()[-EVIDENCE_LINES:]


def next_lines(commands: Sequence[Next], settings: Settings, columns: int) -> list[str]:
    """Write commands so that a whole line can be copied into a shell, the effect as its comment."""
    if not commands:
        return []
    typed = [shlex.join(addressed(command, settings).argv) for command in commands]
    effects = [_effect(command) for command in commands]
    longest = max(len(line) for line in typed)
    if longest + max(len(effect) for effect in effects) + 6 <= columns:
        pairs = zip(typed, effects, strict=True)
        return ["next:", *(f"  {line:<{longest}}  # {effect}" for line, effect in pairs)]
    pairs = zip(typed, effects, strict=True)
    return ["next:", *(line for typed_line, effect in pairs for line in (f"  # {effect}", f"  {typed_line}"))]


def _effect(command: Next) -> str:
    loss = " (data may be lost)" if command.danger == "data-loss" else ""
    return clean(command.effect) + loss


def addressed(command: Next, settings: Settings) -> Next:
    """Put the flags behind that say which daemon is meant: what is shown must work as it stands."""
    if command.argv[:1] != ("releasectl",) or command.argv[-1:] == ("--help",):
        return command
    return Next((*command.argv, *settings.typed), command.effect, command.danger)
