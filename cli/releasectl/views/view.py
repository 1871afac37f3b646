"""What shows a release that is being followed."""

from __future__ import annotations

from types import TracebackType
from typing import Protocol, Self

from releasepb.v1 import releases_pb2 as pb


class View(Protocol):
    """Shows the items of a stream as they come; used as a context, so that a terminal is left in order."""

    wants_output: bool
    """Whether it shows what the steps print."""
    wants_history: bool
    """Whether it needs the events before the present run, to show the whole of it."""

    def __enter__(self) -> Self:
        """Begin to show."""
        ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Leave the terminal in order."""
        ...

    def event(self, event: pb.Event) -> None:
        """Show an event."""
        ...

    def output(self, chunk: pb.OutputChunk, fresh: bytes) -> None:
        """Show what a step printed; ``fresh`` are the bytes that were not shown yet."""
        ...

    def recorded(self, recorded: pb.Recorded) -> None:
        """Take note that what follows is live, and of what phases usually take."""
        ...

    def notice(self, sentence: str) -> None:
        """Show something about the connection; it is no data."""
        ...

    def end(self, end: pb.End) -> None:
        """Show that the release rests."""
        ...
