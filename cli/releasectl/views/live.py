"""A release that is followed on a terminal: a tree that is redrawn in place."""

from __future__ import annotations

import datetime as dt
import sys
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

import click
from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live

from releasectl.settings import Settings
from releasectl.text.step_output import Tail
from releasectl.views.ending import show_end
from releasectl.views.progress import Progress
from releasectl.views.tree import TAIL_LINES, Tree
from releasepb.v1 import releases_pb2 as pb

_REDRAWS_PER_S = 4


def utc_now() -> dt.datetime:
    """Tell the time of this machine."""
    return dt.datetime.now(dt.UTC)


class LiveView:
    """Keeps the tree of a release in place on the terminal; times go on between events.

    The tree is drawn by a thread of rich while events arrive in ours, so both take turns.
    """

    wants_output = True
    wants_history = True

    def __init__(self, settings: Settings, ticket: str, now: Callable[[], dt.datetime] = utc_now) -> None:
        """Take whose release it is, and the clock up to which running things have taken their time."""
        self._settings = settings
        self._now = now
        self._turn = threading.Lock()
        self._progress = Progress(ticket)
        self._estimates_s: dict[str, float] = {}
        self._tail = Tail(TAIL_LINES)
        self._tail_of: tuple[str, int] | None = None
        self._notice = ""
        console = Console(file=sys.stdout, no_color=not settings.color, highlight=False, markup=False, emoji=False)
        self._live = Live(
            self, console=console, refresh_per_second=_REDRAWS_PER_S, redirect_stdout=False, redirect_stderr=False
        )

    def __enter__(self) -> Self:
        """Take the terminal."""
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Draw the tree for the last time and give the terminal back."""
        self._live.stop()

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw the tree as it is now."""
        with self._turn:
            tree = Tree(self._progress, self._now(), self._estimates_s, self._tail.lines, self._notice)
            yield from tree.lines(options.max_width, console.height)

    def event(self, event: pb.Event) -> None:
        """Let the tree grow."""
        with self._turn:
            self._progress.apply(event)
            if event.type == "step_started":  # what the step before printed last is none of its
                self._tail, self._tail_of = Tail(TAIL_LINES), None

    def output(self, chunk: pb.OutputChunk, fresh: bytes) -> None:
        """Show the last lines below the step that prints them."""
        with self._turn:
            if self._tail_of != (chunk.step, chunk.attempt):
                self._tail, self._tail_of = Tail(TAIL_LINES), (chunk.step, chunk.attempt)
            self._tail.feed(fresh)

    def recorded(self, recorded: pb.Recorded) -> None:
        """Learn what phases usually take."""
        with self._turn:
            self._estimates_s = {estimate.phase: estimate.median_s for estimate in recorded.estimates}

    def notice(self, sentence: str) -> None:
        """Show it below the tree until the next event."""
        with self._turn:
            self._notice = sentence

    def end(self, end: pb.End) -> None:
        """Draw the tree as it stays, and the outcome below it."""
        self._live.stop()
        click.echo()
        show_end(end, self._settings)
