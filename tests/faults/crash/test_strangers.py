"""A record of who runs a script means one process only: whoever has its pid by now gets no signal, and is no answer."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

import pytest

from released.adapters.commands import process
from support.bare_stack import bare_stack, begun
from support.blocking_script import NAME, TICKET
from support.invariants import Remains, broken
from support.stories import events, of_type

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.blocking_script import BlockingScript
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
    daemon.start()
    yield daemon
    daemon.end()


@pytest.fixture(name="stranger")
def _stranger() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(["/bin/cat"], stdin=subprocess.PIPE) as stranger:
        yield stranger


def lost_beside(stack: Stack, daemon: Daemon, record: dict[str, object]) -> BlockingScript:
    """Have daemon, shim and script die, and their record name somebody else, before a new daemon looks."""
    script = begun(stack)
    daemon.kill()
    script.kill()
    script.started_record.write_text(json.dumps(record), encoding="utf-8")
    daemon.start()
    assert stack.client("watch", TICKET).returncode == 8
    return script


def named(stranger: subprocess.Popen[bytes], **forged: object) -> dict[str, object]:
    """Give the record of a shim that had the stranger's pid before."""
    identity = process.identify(stranger.pid)
    assert identity is not None
    return vars(identity) | forged


def is_unharmed(stranger: subprocess.Popen[bytes]) -> bool:
    """Let the stranger end by itself, and tell whether it did."""
    stranger.communicate()
    return stranger.returncode == 0


def test_a_stranger_that_got_the_pid_of_a_shim_is_neither_waited_for_nor_stopped(
    stack: Stack, daemon: Daemon, stranger: subprocess.Popen[bytes], evidence: Evidence
) -> None:
    """Row 8: the pid on record belongs to somebody else by now."""
    script = lost_beside(stack, daemon, named(stranger, start_time=1))
    evidence.fired(int(stranger.poll() is None))

    stack.client("run", TICKET, "--from=ticket", "--reason", "it did nothing", "--detach")
    script.await_begin(times=2)
    stack.client("cancel", TICKET, "--kill", "--reason", "enough", "--yes")

    assert stack.client("watch", TICKET).returncode == 1
    assert (is_unharmed(stranger), broken(Remains.of_stack(stack))) == (True, [])


def test_a_record_of_an_earlier_boot_counts_as_dead(
    stack: Stack, daemon: Daemon, stranger: subprocess.Popen[bytes], evidence: Evidence
) -> None:
    """Row 9: the record is of an earlier boot, though pid and start time are those of somebody who lives."""
    lost_beside(stack, daemon, named(stranger, boot_id="an-earlier-boot"))
    evidence.fired(int(stranger.poll() is None))

    halts = of_type(events(stack, TICKET), "halted")

    assert [(halt["cause"], halt["step"]) for halt in halts] == [("in_doubt", NAME)]
    assert (is_unharmed(stranger), broken(Remains.of_stack(stack))) == (True, [])
