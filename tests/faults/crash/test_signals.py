"""A daemon that is stopped, halted or killed by the kernel in the middle of a step loses nothing, and no owner."""

from __future__ import annotations

import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from support.bare_stack import bare_stack, begun
from support.blocking_script import TICKET
from support.invariants import Remains, broken
from support.memory_limit import MemoryLimit
from support.process_state import await_stopped

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.daemon_process import Daemon
    from support.evidence import Evidence
    from support.stack import Stack
    from support.stack_images import FirstImages

pytestmark = pytest.mark.tier1


@pytest.fixture(name="stack")
def _stack(tmp_path: Path, first_images: FirstImages) -> Iterator[Stack]:
    with bare_stack(tmp_path, first_images) as stack:
        yield stack


@pytest.fixture(name="daemon")
def _daemon(stack: Stack) -> Iterator[Daemon]:
    daemon = stack.daemon()
    yield daemon
    daemon.end()


def released_once(stack: Stack) -> bool:
    """Wait for the end; tell whether the ticket is released."""
    return stack.client("watch", TICKET).returncode == 0 and broken(Remains.of_stack(stack)) == []


def test_the_end_of_a_terminal_stops_the_daemon_in_order(stack: Stack, daemon: Daemon, evidence: Evidence) -> None:
    """Row 12: SIGHUP in the middle of a step hands it over, and the next daemon adopts what runs."""
    daemon.start()
    script = begun(stack)

    daemon.process.send_signal(signal.SIGHUP)
    evidence.fired(int(daemon.wait_dead() == 0))
    daemon.start()
    script.let_end()

    assert (released_once(stack), script.runs()) == (True, ["began", "ended"])


def test_the_end_of_a_terminal_does_not_stop_a_daemon_under_nohup(stack: Stack, daemon: Daemon) -> None:
    with _ignoring(signal.SIGHUP):
        daemon.start()
    script = begun(stack)

    daemon.process.send_signal(signal.SIGHUP)
    script.let_end()

    assert (released_once(stack), daemon.process.poll()) == (True, None)


def test_a_daemon_that_is_halted_and_goes_on_stays_the_only_owner(
    stack: Stack, daemon: Daemon, evidence: Evidence
) -> None:
    """Rows 12 and 44: nobody takes over from a daemon that stands still, and it goes on where it was."""
    daemon.start()
    script = begun(stack)
    second = stack.daemon()

    daemon.process.send_signal(signal.SIGSTOP)
    await_stopped(daemon.process.pid)
    refused = second.start_and_die("")
    script.let_end()
    script.await_result()
    daemon.process.send_signal(signal.SIGCONT)
    evidence.fired()

    assert refused == 2
    assert (released_once(stack), script.runs()) == (True, ["began", "ended"])


@pytest.fixture(name="limit")
def _limit() -> Iterator[MemoryLimit]:
    """Give a group that is made before, and goes after, whoever lives in it."""
    with MemoryLimit.made("released-test") as limit:
        yield limit


def test_a_daemon_that_the_kernel_kills_for_its_memory_leaves_the_script_to_the_next(
    limit: MemoryLimit, stack: Stack, daemon: Daemon, evidence: Evidence
) -> None:
    """Row 12: the OOM killer takes the daemon in the middle of a step."""
    with limit.around_children():
        daemon.start()
    script = begun(stack)

    limit.exhaust(daemon.process.pid)
    daemon.wait_dead()
    evidence.fired(limit.kills())
    daemon.start()
    script.let_end()

    assert (released_once(stack), script.runs()) == (True, ["began", "ended"])


@contextmanager
def _ignoring(number: signal.Signals) -> Iterator[None]:
    """Have those who are started ignore a signal, as nohup(1) does."""
    before = signal.signal(number, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(number, before)
