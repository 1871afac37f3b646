"""The client at a terminal, and somebody who answers what it asks."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pexpect  # type: ignore[import-untyped] # it ships no types

from support.daemon_process import PATIENCE_S, PROGRAMS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def at_terminal(
    arguments: Sequence[str], environment: Mapping[str, str], answers: Sequence[tuple[str, str]] = ()
) -> subprocess.CompletedProcess[str]:
    """Run ``releasectl`` on a terminal to its end; all that it printed is in ``stdout``.

    Args:
        arguments: its arguments.
        environment: its environment variables.
        answers: pairs of a question, or a part of it, and what is typed once it is there.
    """
    program = str(PROGRAMS / "releasectl")
    terminal: pexpect.spawn[str] = pexpect.spawn(
        program, list(arguments), env={**environment, "TERM": "xterm"}, timeout=PATIENCE_S, encoding="utf-8"
    )
    printed = "".join(_answered(terminal, question, answer) for question, answer in answers) + terminal.read()
    terminal.close()
    status = terminal.exitstatus if terminal.exitstatus is not None else -(terminal.signalstatus or 0)
    return subprocess.CompletedProcess([program, *arguments], status, printed, "")


def _answered(terminal: pexpect.spawn[str], question: str, answer: str) -> str:
    terminal.expect_exact(question)
    terminal.sendline(answer)
    return f"{terminal.before}{terminal.after}"
