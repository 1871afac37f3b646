"""Asks the client what may be typed next, as the script of a shell does."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING, TypeVar

from support.daemon_process import PATIENCE_S, PROGRAMS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

AnswerT = TypeVar("AnswerT")
_TRIES = 20


def offered(address: str, *words: str) -> list[str]:
    """List what bash is offered for the last of the words that stand behind ``releasectl``; it may be empty."""
    return [line.removeprefix("plain,") for line in told("bash", address, *words).splitlines()]


def told(shell: str, address: str, *words: str) -> str:
    """Give what a shell is told, in its own form."""
    return ask(shell, address, *words).stdout.removesuffix("\n")


def ask(shell: str, address: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Complete the last of the words for a shell."""
    return run([str(PROGRAMS / "releasectl")], shell, address, *words)


def run(program: Sequence[str], shell: str, address: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Let another program than the client answer, to see into it."""
    typed = ["releasectl", *words]
    question = {
        "_RELEASECTL_COMPLETE": f"{shell}_complete",
        "COMP_WORDS": " ".join(typed),
        # fish tells the word itself, the others its number.
        "COMP_CWORD": typed[-1] if shell == "fish" else str(len(words)),
    }
    return subprocess.run(
        program,
        env=os.environ | question | {"RELEASECTL_ADDRESS": address},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )


def soon(look: Callable[[], AnswerT]) -> AnswerT:
    """Look again until something is offered: on a busy machine the daemon answers later than a shell may wait.

    Raises:
        AssertionError: nothing was ever offered.
    """
    for _ in range(_TRIES):
        if answer := look():
            return answer
    raise AssertionError("nothing is offered")
