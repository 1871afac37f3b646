"""How the output of steps is shown."""

from __future__ import annotations

from typing import Protocol

import click

from releasectl.settings import Settings
from releasectl.text.sanitize import clean, one_line
from releasectl.text.step_output import Lines
from releasectl.views.machine import Document, emit
from releasepb.v1 import releases_pb2 as pb


class OutputView(Protocol):
    """Shows chunks of output, each byte once."""

    def chunk(self, chunk: pb.OutputChunk, fresh: bytes) -> None:
        """Show the bytes of a chunk that were not shown yet."""
        ...

    def close(self) -> None:
        """Show what was held back."""
        ...


def choose(settings: Settings, ticket: str, *, titled: bool) -> OutputView:
    """Give text below the title of each step, or JSON where it was asked for."""
    if settings.output == "jsonl":
        return _Objects()
    return _Document(ticket) if settings.output == "json" else _Text(titled=titled)


class _Text:
    """Whole lines; a title whenever the step changes, as in ``tail -f`` of several files."""

    def __init__(self, *, titled: bool) -> None:
        self._titled = titled
        self._current: tuple[str, int] | None = None
        self._lines = Lines()

    def chunk(self, chunk: pb.OutputChunk, fresh: bytes) -> None:
        if (chunk.step, chunk.attempt) != self._current:
            self._turn_to(chunk)
        for line in self._lines.feed(fresh):
            click.echo(line)

    def close(self) -> None:
        for line in self._lines.flush():
            click.echo(line)

    def _turn_to(self, chunk: pb.OutputChunk) -> None:
        self.close()
        if self._titled:
            attempt = f" (attempt {chunk.attempt})" if chunk.attempt > 1 else ""
            click.echo(f"{'' if self._current is None else chr(10)}==> {one_line(chunk.step)}{attempt} <==")
        self._current, self._lines = (chunk.step, chunk.attempt), Lines()


class _Objects:
    """One object per line."""

    def __init__(self) -> None:
        self._lines: dict[tuple[str, int], Lines] = {}

    def chunk(self, chunk: pb.OutputChunk, fresh: bytes) -> None:
        key = (chunk.step, chunk.attempt)
        self._emit(key, self._lines.setdefault(key, Lines()).feed(fresh))

    def close(self) -> None:
        for key, lines in self._lines.items():
            self._emit(key, lines.flush())

    @staticmethod
    def _emit(key: tuple[str, int], lines: list[str]) -> None:
        for line in lines:
            emit({"step": clean(key[0]), "attempt": key[1], "untrusted_line": line})


class _Document:
    """One document with the whole output of each attempt of a step."""

    def __init__(self, ticket: str) -> None:
        self._ticket = ticket
        self._steps: dict[tuple[str, int], bytearray] = {}

    def chunk(self, chunk: pb.OutputChunk, fresh: bytes) -> None:
        self._steps.setdefault((chunk.step, chunk.attempt), bytearray()).extend(fresh)

    def close(self) -> None:
        emit({"ticket": self._ticket, "steps": [self._object(*item) for item in self._steps.items()]})

    @staticmethod
    def _object(key: tuple[str, int], data: bytearray) -> Document:
        step, attempt = key
        text = clean(data.decode("utf-8", "backslashreplace"))
        return {"step": clean(step), "attempt": attempt, "untrusted_output": text}
