"""An operator has the present step killed: it ends with all that it started, and the release halts as cancelled."""

from __future__ import annotations

import json
import signal
from typing import TYPE_CHECKING, Any

import pytest

from support.blocking_script import NAME, TICKET, BlockingScript
from support.stack import Stack
from support.stories import events, follow_until, of_type, started_steps

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.daemon_process import Daemon
    from support.stack_images import FirstImages

KILL = ("cancel", TICKET, "--kill", "--reason", "it hangs")
YES = "--yes"
STOPPED = f"Cancelled: it hangs; the step {NAME} was stopped."


@pytest.fixture(name="stack")
def _stack(tmp_path: Path, first_images: FirstImages) -> Iterator[Stack]:
    stack = Stack.create(tmp_path / "stack", first_images, running=())
    try:
        yield stack
        assert stack.leaks() == []
    finally:
        stack.cleanup()


@pytest.fixture(name="daemon")
def _daemon(stack: Stack) -> Iterator[Daemon]:
    daemon = stack.daemon()
    daemon.start()
    yield daemon
    daemon.end()


def begun(stack: Stack) -> BlockingScript:
    """Release the ticket up to where its script hangs."""
    script = BlockingScript.merged(stack)
    assert stack.client("run", TICKET, "--detach").returncode == 0
    script.await_begin()
    return script


def shown(stack: Stack) -> Any:  # noqa: ANN401 (JSON)
    return json.loads(stack.client("status", TICKET, "-o", "json").stdout)


@pytest.mark.usefixtures("daemon")
def test_a_script_that_hangs_is_stopped_and_the_release_halts_as_cancelled(stack: Stack) -> None:
    script = begun(stack)

    answer = stack.client(*KILL, YES)
    watched = stack.client("watch", TICKET)

    assert (answer.returncode, watched.returncode) == (0, 1)
    assert answer.stdout.startswith(f"Ticket {TICKET} is being stopped; its present step, too.")
    assert STOPPED in watched.stderr
    assert (script.lives(), script.runs()) == (False, ["began"])
    assert stack.derived(TICKET, "log").splitlines()[-1].endswith("phase=ticket event=cancelled")


@pytest.mark.usefixtures("daemon")
def test_a_script_that_was_stopped_failed_with_its_output_and_is_run_again_by_a_resume(stack: Stack) -> None:
    script = begun(stack)
    stack.client(*KILL, YES)
    stack.client("watch", TICKET)

    release = shown(stack)
    assert (release["halt_cause"], release["failure"]["code"]) == ("cancelled", "cancelled")
    assert release["failure"]["untrusted_evidence"] == "waiting\n"
    assert [step["status"] for step in release["steps"] if step["name"] == NAME] == ["failed"]

    assert stack.client("resume", TICKET, "--detach").returncode == 0
    script.await_begin(2)
    script.let_end()
    assert stack.client("watch", TICKET).returncode == 0


@pytest.mark.usefixtures("daemon")
def test_a_kill_that_is_sent_twice_acts_once(stack: Stack) -> None:
    begun(stack)

    answers = [stack.client(*KILL, YES, "--request-id", "the-same-request").returncode for _ in range(2)]
    stack.client("watch", TICKET)
    answers.append(stack.client(*KILL, YES, "--request-id", "the-same-request").returncode)

    assert answers == [0, 0, 0]
    assert [asked["kill"] for asked in of_type(events(stack, TICKET), "cancel_requested")] == [True]


@pytest.mark.usefixtures("daemon")
def test_a_cancel_that_takes_too_long_may_be_followed_by_a_kill(stack: Stack) -> None:
    script = begun(stack)
    assert stack.client("cancel", TICKET, "--reason", "wrong night").returncode == 0

    assert stack.client(*KILL, YES).returncode == 0

    assert STOPPED in stack.client("watch", TICKET).stderr
    assert not script.lives()


@pytest.mark.usefixtures("daemon")
def test_a_kill_needs_a_yes_where_nobody_can_be_asked(stack: Stack) -> None:
    script = begun(stack)

    refused = stack.client(*KILL)

    assert (refused.returncode, "--yes" in refused.stderr) == (2, True)
    assert (script.lives(), of_type(events(stack, TICKET), "cancel_requested")) == (True, [])
    script.let_end()


@pytest.mark.usefixtures("daemon")
def test_waiting_for_health_is_stopped_long_before_its_limit(stack: Stack) -> None:
    never_ready = "trap 'exit 0' TERM\nwhile :; do sleep 3600 & wait; done\n"
    stack.merge(TICKET, {**stack.new_version("slow", "2"), "packages/slow/src/main.sh": never_ready})
    client, _ = follow_until(stack, "slow.healthy", "run", TICKET)

    assert stack.client(*KILL, YES).returncode == 0
    client.communicate()

    assert client.returncode == 1
    (failed,) = of_type(events(stack, TICKET), "step_failed")
    assert (failed["step"], failed["failure"]["code"]) == ("slow.healthy", "killed")
    assert shown(stack)["halt_cause"] == "cancelled"


def test_a_daemon_that_dies_before_it_stops_the_step_is_followed_by_one_that_does(stack: Stack) -> None:
    daemon = stack.daemon()
    daemon.start(f"before-kill:{TICKET}")
    script = begun(stack)
    asking = stack.start_client(*KILL, YES)
    assert daemon.wait_dead() == -signal.SIGKILL
    assert script.lives()

    daemon.start()
    watched = stack.client("watch", TICKET)
    asking.communicate()
    record = events(stack, TICKET)
    daemon.end()

    assert (watched.returncode, STOPPED in watched.stderr) == (1, True)
    assert (script.lives(), started_steps(record).count(NAME)) == (False, 1)
    assert [len(of_type(record, kind)) for kind in ("cancel_requested", "recovered")] == [1, 1]
