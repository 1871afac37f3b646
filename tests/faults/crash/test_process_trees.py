"""A script ends with everything that it started, and none of it goes on unseen when its shim is gone."""

from __future__ import annotations

import json
import os
import signal
from typing import TYPE_CHECKING

import pytest

from support.bare_stack import bare_stack, begun
from support.blocking_script import NAME, TICKET
from support.file_watch import await_content
from support.invariants import Remains, broken
from support.leftover_processes import belonging_to
from support.process_state import await_dead
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

ESCAPING = """\
#!/bin/sh
{header}
trap '' TERM
(setsid sh -c 'echo $$ >>{witness}; exec sleep 1000' >/dev/null 2>&1 &)
sleep 1000
"""
"""A script that is deaf to TERM, and forks a daemon into a session of its own."""


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


def escaped(stack: Stack, header: str) -> int:
    """Release a ticket whose script tries to get away; give the pid of what did."""
    witness = stack.home / "escaped"
    stack.merge(TICKET, {f"releases/{NAME}": ESCAPING.format(header=header, witness=witness)})
    assert stack.client("run", TICKET, "--detach").returncode == 0
    await_content(witness, b"\n")
    return int(witness.read_text(encoding="ascii"))


def seen_alive(evidence: Evidence, pid: int) -> int:
    """Note that it lived in a session of its own."""
    evidence.fired(int(os.getsid(pid) == pid))
    return pid


def left_of(stack: Stack, pid: int) -> list[int]:
    """List who is left of the script and of what it started."""
    return [one for one in [pid, *belonging_to(str(stack.ops.checkout))] if os.path.exists(f"/proc/{one}")]  # noqa: PTH110


@pytest.mark.usefixtures("daemon")
def test_a_script_that_passes_its_limit_is_gone_as_a_whole_before_that_is_recorded(
    stack: Stack, evidence: Evidence
) -> None:
    """Row 10: double fork, setsid and ignored TERM do not save a script from its time limit."""
    pid = seen_alive(evidence, escaped(stack, "# released: timeout=3s"))

    assert stack.client("watch", TICKET).returncode == 1

    assert [failed["failure"]["code"] for failed in of_type(events(stack, TICKET), "step_failed")] == ["script_timeout"]
    assert (left_of(stack, pid), broken(Remains.of_stack(stack))) == ([], [])


@pytest.mark.usefixtures("daemon")
def test_a_script_that_is_killed_is_gone_as_a_whole_before_that_is_recorded(stack: Stack, evidence: Evidence) -> None:
    """Row 10: double fork, setsid and ignored TERM do not save a script from cancel --kill."""
    pid = seen_alive(evidence, escaped(stack, ""))

    stack.client("cancel", TICKET, "--kill", "--reason", "it hangs", "--yes")
    assert stack.client("watch", TICKET).returncode == 1

    assert [halt["cause"] for halt in of_type(events(stack, TICKET), "halted")] == ["cancelled"]
    assert (left_of(stack, pid), broken(Remains.of_stack(stack))) == ([], [])


def orphaned(stack: Stack, daemon: Daemon, evidence: Evidence, header: str = "") -> BlockingScript:
    """Have daemon and shim die while their script lives on, and a new daemon look."""
    script = begun(stack, header=header)
    record = json.loads(script.started_record.read_bytes())
    if not record["cgroup"]:
        pytest.skip("no control group of version 2 can be made here, so nobody finds what a dead shim leaves behind")
    daemon.kill()
    os.kill(record["pid"], signal.SIGKILL)
    await_dead(record["pid"])
    evidence.fired(int(script.lives()))
    daemon.start()
    return script


def test_a_script_whose_shim_died_is_not_run_again_before_it_is_over(
    stack: Stack, daemon: Daemon, evidence: Evidence
) -> None:
    """Row 6: daemon and shim are killed and the script lives on; though repeatable, it never runs twice at once."""
    script = orphaned(stack, daemon, evidence, header="# released: repeatable")

    script.let_end()
    script.await_begin(times=2)
    script.let_end()

    assert stack.client("watch", TICKET).returncode == 0
    assert (script.runs(), broken(Remains.of_stack(stack))) == (["began", "ended", "began", "ended"], [])


def test_a_script_whose_shim_died_is_in_doubt_once_it_is_over(stack: Stack, daemon: Daemon, evidence: Evidence) -> None:
    """Row 6: daemon and shim are killed and the script lives on; how it ended nobody knows."""
    script = orphaned(stack, daemon, evidence)

    script.let_end()

    assert stack.client("watch", TICKET).returncode == 8
    assert (script.runs(), broken(Remains.of_stack(stack))) == (["began", "ended"], [])


def test_a_script_whose_shim_died_can_be_killed(stack: Stack, daemon: Daemon, evidence: Evidence) -> None:
    """Row 6: daemon and shim are killed and the script lives on, until an operator has had enough."""
    script = orphaned(stack, daemon, evidence)

    stack.client("cancel", TICKET, "--kill", "--reason", "it hangs", "--yes")

    assert stack.client("watch", TICKET).returncode == 8
    assert (script.lives(), script.runs(), broken(Remains.of_stack(stack))) == (False, ["began"], [])


def test_a_script_that_is_gone_with_its_shim_is_settled_by_the_word_of_a_person(
    stack: Stack, daemon: Daemon, evidence: Evidence
) -> None:
    """Row 6: daemon, shim and script are killed; a person looks, decides, and that is on record."""
    script = begun(stack)
    daemon.kill()
    script.kill()
    evidence.fired(int(not script.lives()))
    daemon.start()
    in_doubt = stack.client("watch", TICKET).returncode

    told = json.loads(stack.client("-o", "json", "diagnose", TICKET).stdout)
    stack.client("resolve", TICKET, NAME, "--as", "done", "--reason", "all users are there", "--yes")
    resumed = stack.client("resume", TICKET).returncode

    assert (in_doubt, resumed, script.runs()) == (8, 0, ["began"])
    assert told["certainty"]["doubtful"] == [f"whether {NAME} took effect (attempt 1): its outcome is not on record"]
    assert [one["done"] for one in of_type(events(stack, TICKET), "step_resolved")] == [True]
    assert broken(Remains.of_stack(stack)) == []
