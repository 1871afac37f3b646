"""A release that is followed by a program: one object per event, or one document at the end."""

from __future__ import annotations

from types import TracebackType
from typing import Self

import click

from releasectl.settings import Settings
from releasectl.views.ending import end_document, failure_of
from releasectl.views.machine import Document, Show, emit, event_document
from releasectl.views.reporting import report
from releasepb.v1 import releases_pb2 as pb


class _MachineView:
    """What both forms have in common."""

    wants_output = False
    wants_history = False

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def __enter__(self) -> Self:
        """Begin to show."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Nothing is left open."""

    def output(self, chunk: pb.OutputChunk, fresh: bytes) -> None:
        """Output of steps is read with ``logs``."""

    def recorded(self, recorded: pb.Recorded) -> None:
        """An event looks the same whether it is live or not."""

    def notice(self, sentence: str) -> None:
        """Tell it on stderr; it is no data."""
        if not self._settings.quiet:
            click.echo(sentence, err=True)


class JsonlView(_MachineView):
    """Prints one object per event, and an error object last where the release did not end well."""

    def event(self, event: pb.Event) -> None:
        """Print the event's object."""
        if not self._settings.quiet:
            emit(event_document(event))

    def end(self, end: pb.End) -> None:
        """Print the failure, if any; the last event says the rest."""
        failure = failure_of(end)
        if failure is not None:
            report(failure, self._settings)


class JsonView(_MachineView):
    """Shows one document at the end: the outcome and the events that led there."""

    def __init__(self, settings: Settings, ticket: str, show: Show = emit) -> None:
        super().__init__(settings)
        self._ticket = ticket
        self._show = show
        self._events: list[Document] = []

    def event(self, event: pb.Event) -> None:
        """Keep the event for the document."""
        self._events.append(event_document(event))

    def end(self, end: pb.End) -> None:
        """Show the document."""
        events = {} if self._settings.quiet else {"events": self._events}
        self._show({"ticket": self._ticket, **end_document(end, self._settings), **events})
