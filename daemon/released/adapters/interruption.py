"""An operator's wish that the present step ends now, told to whatever waits for something inside the daemon.

What may be left half done looks at it while it waits. What may not, such as the move of the checkout, does not, and is
finished first.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from released.domain.errors import StepFailed
from released.domain.failure import killed

PartT = TypeVar("PartT")

logger = logging.getLogger(__name__)


class Interruption:
    """Asked for by one thread, met by the thread whose step it is for."""

    def __init__(self) -> None:
        self._asked = threading.Event()
        self._turn = threading.Lock()
        self._ends: list[Callable[[], object]] = []

    @property
    def is_asked(self) -> bool:
        """Whether the present step is to end."""
        return self._asked.is_set()

    def ask(self) -> None:
        """Let the present step end; asked again, it changes nothing."""
        with self._turn:
            if not self._asked.is_set():
                self._asked.set()
                for end in self._ends:
                    _call(end)

    def reset(self) -> None:
        """Forget what was asked for; to be called while no step is under way."""
        self._asked.clear()

    def check(self) -> None:
        """Return where the step may go on.

        Raises:
            StepFailed: ``killed``.
        """
        if self.is_asked:
            raise StepFailed(killed())

    def pause(self, seconds: float) -> None:
        """Wait for so long.

        Raises:
            StepFailed: ``killed``, at once.
        """
        self._asked.wait(seconds)
        self.check()

    def heeded(self, parts: Iterable[PartT]) -> Iterator[PartT]:
        """Give these parts of something long.

        Raises:
            StepFailed: ``killed``, instead of the next part.
        """
        for part in parts:
            self.check()
            yield part

    @contextmanager
    def ending(self, end: Callable[[], object]) -> Iterator[None]:
        """Have ``end`` called once when it is asked for while the context lasts, or was before.

        Args:
            end: makes what is waited for come to its end, soon; it is called in whatever thread asks.
        """
        with self._turn:
            self._ends.append(end)
            if self.is_asked:
                _call(end)
        try:
            yield
        finally:
            with self._turn:
                self._ends.remove(end)


def _call(end: Callable[[], object]) -> None:
    try:
        end()
    except Exception:
        logger.exception("the present step cannot be told to end")
