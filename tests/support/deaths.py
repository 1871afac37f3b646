"""Daemons that die one after the other while they carry out what an operator asked for, and one that lives."""

from __future__ import annotations

import signal
from itertools import pairwise
from typing import TYPE_CHECKING

from support.host import Host

if TYPE_CHECKING:
    from collections.abc import Sequence

    from support.daemon_process import Daemon
    from support.stack import Stack

_STAYS_UP = Host()


def through_deaths(stack: Stack, daemon: Daemon, faults: Sequence[str], *command: str, host: Host = _STAYS_UP) -> int:
    """Have a command carried out by daemons that are killed by -9, each at one of these points, and one that lives.

    Args:
        stack: the environment.
        daemon: of it; does not run yet, and runs afterwards.
        faults: the points, as ``RELEASED_FAULT`` names them, in the order in which they are come to.
        command: name and ticket, then options.
        host: what is under the daemons.

    Returns:
        The exit code of a client that watched the end.

    Raises:
        AssertionError: a daemon did not come to its point.
    """
    first, *later = faults
    daemon.start(first)
    # It may not have its answer yet when the daemon dies; then it asks the next one that answers.
    starter = stack.start_client(*command, "--detach")
    try:
        expect_killed(daemon.wait_dead(), first, daemon)
        host.daemon_died(first)
        for fault in later:
            expect_killed(daemon.start_and_die(fault), fault, daemon)
            host.daemon_died(fault)
        daemon.start()
        return stack.client("watch", command[1]).returncode
    finally:
        starter.communicate()


def around(steps: Sequence[str], plan: Sequence[str]) -> list[str]:
    """List the fault points after the effect of each step, and after its outcome was recorded.

    Args:
        steps: some of the plan, in order; not the last one.
        plan: every step, in order; the outcome of one is recorded with the intent of the next.
    """
    following = dict(pairwise(plan))
    return [point for step in steps for point in (f"after-effect:{step}", f"after-intent:{following[step]}")]


def expect_killed(code: int, fault: str, daemon: Daemon) -> None:
    """See to it that a daemon was killed; what it ended with else is told with its log."""
    assert code == -signal.SIGKILL, f"ended with {code} instead of dying {fault}:\n{daemon.log}"
