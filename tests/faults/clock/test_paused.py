"""A machine that was paused: limits are judged by what is found afterwards, not by the time that went by unseen."""

from __future__ import annotations

import os
import signal
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from released.adapters.commands.scripts import SHIM, Exited, Scripts
from support.file_watch import await_content
from support.leftover_processes import kill_below
from support.moved_clock import MovedClock
from support.process_state import await_dead, await_stopped, wake
from support.script_slot import PAUSED, await_ready, furnish, let_go, specification

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from released.adapters.commands.scripts import Exit
    from support.evidence import Evidence

pytestmark = pytest.mark.tier1

LIMIT_S, PAUSE_S = 600.0, 6000.0
"""No test has the patience to wait for such a limit."""


@pytest.fixture(name="slot")
def _slot(tmp_path: Path) -> Iterator[Path]:
    slot = furnish(tmp_path)
    slot.mkdir(parents=True)
    yield slot
    kill_below(tmp_path)


@pytest.fixture(name="clock")
def _clock(tmp_path: Path) -> MovedClock:
    return MovedClock.built_in(tmp_path)


@contextmanager
def limited(slot: Path, clock: MovedClock, limit: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run the paused script with a limit; give its shim, which goes by the clock of the test and has begun to count."""
    order = specification(slot, f"echo begun; {PAUSED}", **{limit: LIMIT_S})
    with subprocess.Popen([*SHIM, str(slot)], stdin=subprocess.PIPE, env=clock.environment()) as shim:
        assert shim.stdin is not None
        shim.stdin.write(order)
        shim.stdin.close()
        await_content(slot / "output", b"begun\n")
        yield shim


def end_of(slot: Path) -> Exit:
    fate = Scripts().fate(slot)
    assert isinstance(fate, Exited)
    return fate.exit


@pytest.mark.parametrize("limit", ["timeout_s", "idle_s"])
def test_a_command_that_ended_while_nobody_looked_has_passed_no_limit(
    slot: Path, clock: MovedClock, evidence: Evidence, limit: str
) -> None:
    """Row 44: the shim stands still for longer than the limit, and the command ends meanwhile."""
    with limited(slot, clock, limit) as shim:
        script = await_ready(slot)
        shim.send_signal(signal.SIGSTOP)
        await_stopped(shim.pid)
        evidence.fired(clock.skip_monotonic(PAUSE_S))
        let_go(slot)
        await_dead(script)
        shim.send_signal(signal.SIGCONT)

    assert (end_of(slot).rc, end_of(slot).stopped_by) == (7, "")


def test_a_pause_of_the_machine_is_no_silence_of_the_command(slot: Path, clock: MovedClock, evidence: Evidence) -> None:
    """Row 44: shim and command are paused for longer than the command may print nothing."""
    with limited(slot, clock, "idle_s") as shim:
        await_ready(slot)
        evidence.fired(clock.skip_monotonic(PAUSE_S))
        wake(shim.pid, signal.SIGCHLD)  # so that it looks at its clock
        let_go(slot)

    assert (end_of(slot).rc, end_of(slot).stopped_by) == (7, "")


def test_a_command_that_still_runs_after_its_time_is_ended(slot: Path, clock: MovedClock, evidence: Evidence) -> None:
    """Row 44: the time of the command went by in a pause, and it is not over."""
    with limited(slot, clock, "timeout_s") as shim:
        await_ready(slot)
        evidence.fired(clock.skip_monotonic(PAUSE_S))
        os.kill(shim.pid, signal.SIGCHLD)

    assert end_of(slot).stopped_by == "timeout"
