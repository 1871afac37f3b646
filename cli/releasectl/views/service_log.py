"""How the log of a service is shown."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Protocol

import click

from releasectl.settings import Settings
from releasectl.text.sanitize import clean, one_line
from releasectl.text.step_output import Lines
from releasectl.views.machine import emit
from releasepb.v1 import releases_pb2 as pb


class LogView(Protocol):
    """Shows chunks of whole lines."""

    def chunk(self, chunk: pb.ServiceLogChunk) -> None:
        """Show what a container printed."""
        ...

    def close(self) -> None:
        """Show what was held back."""
        ...


def choose(settings: Settings, service: str, containers: Sequence[str]) -> LogView:
    """Give text, each line behind its container where there are several, or JSON where it was asked for."""
    if settings.output == "jsonl":
        return _Objects()
    return _Document(service) if settings.output == "json" else _Text(containers)


class _Text:
    def __init__(self, containers: Sequence[str]) -> None:
        self._width = max(map(len, containers)) if len(containers) > 1 else 0

    def chunk(self, chunk: pb.ServiceLogChunk) -> None:
        front = f"{one_line(chunk.container):<{self._width}} | " if self._width else ""
        for line in _lines(chunk):
            click.echo(front + line)

    def close(self) -> None:
        """Nothing is held back."""


class _Objects:
    def chunk(self, chunk: pb.ServiceLogChunk) -> None:
        for line in _lines(chunk):
            emit({"container": clean(chunk.container), "untrusted_line": line})

    def close(self) -> None:
        """Nothing is held back."""


class _Document:
    def __init__(self, service: str) -> None:
        self._service = service
        self._lines: defaultdict[str, list[str]] = defaultdict(list)

    def chunk(self, chunk: pb.ServiceLogChunk) -> None:
        self._lines[clean(chunk.container)] += _lines(chunk)

    def close(self) -> None:
        containers = [{"container": name, "untrusted_lines": lines} for name, lines in self._lines.items()]
        emit({"service": self._service, "containers": containers})


def _lines(chunk: pb.ServiceLogChunk) -> list[str]:
    lines = Lines()
    return [*lines.feed(chunk.untrusted_data), *lines.flush()]
