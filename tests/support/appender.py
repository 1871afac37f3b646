"""Asks for processes that append to a store until they are killed, and reads what they acknowledged."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import uuid
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from released.domain import events as ev
from support import appending_process

if TYPE_CHECKING:
    from collections.abc import Iterator

_PROGRAM = Path(appending_process.__file__)


@dataclass(frozen=True)
class Appender:
    """One process at a time, each with a stream of its own in the same store."""

    store: Path
    _orders: IO[str]
    _said: IO[str]

    @classmethod
    @contextmanager
    def of(cls, store: Path) -> Iterator[Appender]:
        """Hand out the appender of a store; the folder of the store may come and go."""
        environment = {**os.environ, "PYTHONPATH": str(_PROGRAM.parent.parent)}
        with subprocess.Popen(
            [sys.executable, _PROGRAM],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
            cwd="/",
            start_new_session=True,
        ) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            try:
                yield cls(store, process.stdin, process.stdout)
            finally:
                os.killpg(process.pid, signal.SIGKILL)

    def begin(self, synchronous: str = "") -> str:
        """Begin to append, and return the id of the first event that is acknowledged.

        Args:
            synchronous: SQLite's number of another setting than the store's own.
        """
        self._orders.write(f"sqlite:///{self.store} {ev.release_stream('prod', uuid.uuid4().hex)} {synchronous}\n")
        self._orders.flush()
        return self._said.readline().strip()

    def acknowledged(self) -> list[str]:
        """List the ids of the other events, once it was killed."""
        ids = iter(lambda: self._said.readline().strip(), appending_process.OVER)
        return [one for one in ids if one]
