"""How a hook that is run by hand is shown: what it prints, and how it ended."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import click

from releasectl.errors import ClientError
from releasectl.exit_codes import ExitCode
from releasectl.settings import Settings
from releasectl.text.sanitize import clean
from releasectl.text.step_output import Lines
from releasectl.views.machine import Document, document, emit
from releasectl.views.reporting import error_document, report_text
from releasepb.v1 import releases_pb2 as pb


class HookView(Protocol):
    """Shows what a hook prints, each byte once, and its end."""

    def printed(self, fresh: bytes) -> None:
        """Show what the hook printed since the last call."""
        ...

    def end(self, end: pb.HookEnd) -> None:
        """Show how it ended."""
        ...


def choose(settings: Settings, names: Document, whole: Callable[[Document], None] = emit) -> HookView:
    """Give text, or JSON where it was asked for.

    Args:
        settings: what was asked for.
        names: what the one document tells, too.
        whole: takes that document.
    """
    if settings.output == "jsonl":
        return _Objects(settings)
    return _Document(settings, names, whole) if settings.output == "json" else _Text(settings)


class _Text:
    """What it prints on stdout, how it ended on stderr."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lines = Lines()

    def printed(self, fresh: bytes) -> None:
        for line in self._lines.feed(fresh):
            click.echo(line)

    def end(self, end: pb.HookEnd) -> None:
        for line in self._lines.flush():
            click.echo(line)
        failure = _failure_of(end)
        if failure is None:
            self._settings.say(clean(end.message))
        else:
            report_text(failure, self._settings)


class _Objects:
    """One object per line, and one for the end."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lines = Lines()

    def printed(self, fresh: bytes) -> None:
        self._emit(self._lines.feed(fresh))

    def end(self, end: pb.HookEnd) -> None:
        self._emit(self._lines.flush())
        emit(_end_document(end, self._settings))

    @staticmethod
    def _emit(lines: list[str]) -> None:
        for line in lines:
            emit({"untrusted_line": line})


class _Document:
    """One document with all that it printed."""

    def __init__(self, settings: Settings, names: Document, whole: Callable[[Document], None]) -> None:
        self._settings = settings
        self._names = names
        self._whole = whole
        self._output = bytearray()

    def printed(self, fresh: bytes) -> None:
        self._output.extend(fresh)

    def end(self, end: pb.HookEnd) -> None:
        printed = clean(self._output.decode("utf-8", "backslashreplace"))
        self._whole({**self._names, "untrusted_output": printed, **_end_document(end, self._settings)})


def _end_document(end: pb.HookEnd, settings: Settings) -> Document:
    failure, shown = _failure_of(end), document(end)
    return shown if failure is None else {**shown, "error": error_document(failure, settings)}


def _failure_of(end: pb.HookEnd) -> ClientError | None:
    """Read the end of a hook as a failure, or ``None`` where it ended well."""
    if end.exit_code == ExitCode.DONE:
        return None
    reason = "hook_in_doubt" if end.exit_code == ExitCode.IN_DOUBT else "hook_failed"
    return ClientError(end.exit_code, reason, end.message)
