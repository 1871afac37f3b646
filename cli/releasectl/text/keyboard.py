"""Single keys of a terminal, read while something else is shown."""

from __future__ import annotations

import os
import re
import select
import sys
import termios
import tty
from collections import deque
from types import TracebackType
from typing import Self

_MOST = 64
"""Bytes that are read at once: several keys, where somebody is quick."""
_KEY = re.compile(r"\x1b[\[O][0-9;]*[A-Za-z~]|.", re.DOTALL)
"""What one key sends; arrows and their like send a sequence."""


class Keyboard:
    """Reads keys inside its ``with``: each as it is pressed, and not shown; ctrl-C still interrupts.

    Raises:
        termios.error: stdin is no terminal.
    """

    def __init__(self) -> None:
        self._descriptor = sys.stdin.fileno()
        self._pressed: deque[str] = deque()

    def __enter__(self) -> Self:
        """Take the terminal's line editing away."""
        self._before = termios.tcgetattr(self._descriptor)
        tty.setcbreak(self._descriptor, termios.TCSADRAIN)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Give it back."""
        termios.tcsetattr(self._descriptor, termios.TCSADRAIN, self._before)

    def wait(self, seconds: float) -> str:
        """Give the next key, as what it sends; nothing where none is pressed in time."""
        if not self._pressed and select.select([self._descriptor], [], [], seconds)[0]:
            self._pressed.extend(_KEY.findall(os.read(self._descriptor, _MOST).decode("utf-8", "replace")))
        return self._pressed.popleft() if self._pressed else ""
