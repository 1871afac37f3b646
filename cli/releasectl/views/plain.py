"""One plain line per event, for logs, pipes and simple terminals."""

from __future__ import annotations

from types import TracebackType
from typing import Self

import click

from releasectl.settings import Settings
from releasectl.text.sanitize import one_line
from releasectl.text.step_output import Lines
from releasectl.text.times import seconds_stamp
from releasectl.views.ending import show_end
from releasepb.v1 import releases_pb2 as pb


def event_line(event: pb.Event) -> str:
    """Write an event as ``2026-05-18T15:30:12Z  what happened``."""
    return f"{seconds_stamp(event.at)}  {one_line(event.line) or event.type}"


class PlainView:
    """Prints a line per event, and with ``-v`` the output of the steps below."""

    wants_history = False

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.wants_output = settings.verbose
        self._lines: dict[tuple[str, int], Lines] = {}

    def __enter__(self) -> Self:
        """Begin to show."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Nothing is left open."""

    def event(self, event: pb.Event) -> None:
        """Print the event's line, after what the step before it printed last."""
        for lines in self._lines.values():
            self._print(lines.flush())
        if not self._settings.quiet:
            click.echo(event_line(event))

    def output(self, chunk: pb.OutputChunk, fresh: bytes) -> None:
        """Print whole lines, set off from the events."""
        self._print(self._lines.setdefault((chunk.step, chunk.attempt), Lines()).feed(fresh))

    def recorded(self, recorded: pb.Recorded) -> None:
        """A line looks the same whether it is live or not."""

    def notice(self, sentence: str) -> None:
        """Tell it on stderr."""
        self._settings.say(sentence)

    def end(self, end: pb.End) -> None:
        """Print the outcome."""
        show_end(end, self._settings)

    def _print(self, lines: list[str]) -> None:
        if not self._settings.quiet:
            for line in lines:
                click.echo(f"  | {line}")
