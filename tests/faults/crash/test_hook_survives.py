"""A hook that is run by hand outlives the daemon: it runs at most once, and how it ended is on record."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from support.blocking_hook import HOOK, RUN, SERVICE, BlockingHook
from support.stack import Stack

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.daemon_process import Daemon
    from support.stack_images import FirstImages

STEP = f"{SERVICE}.{HOOK}.sh"


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
    yield daemon
    daemon.end()


def told(stack: Stack) -> Any:  # noqa: ANN401 (JSON)
    """Ask again for the same request, until the hook has ended; give what a program is told."""
    return json.loads(stack.client("-o", "json", *RUN).stdout)


def begun(stack: Stack, daemon: Daemon, rc: int = 0) -> BlockingHook:
    """Run the hook up to where it waits, with nobody following."""
    hook = BlockingHook.checked_out(stack, rc)
    daemon.start()
    client = stack.start_client(*RUN)
    hook.await_begin()
    client.kill()
    client.communicate()
    return hook


def test_a_hook_that_still_runs_is_adopted_and_runs_once(stack: Stack, daemon: Daemon) -> None:
    hook = begun(stack, daemon, rc=7)
    daemon.kill()
    daemon.start()

    hook.let_end()

    assert (told(stack)["rc"], hook.runs()) == (7, ["began", "ended"])


@pytest.mark.tier1
def test_a_daemon_that_is_told_to_stop_leaves_the_hook_to_the_next(stack: Stack, daemon: Daemon) -> None:
    hook = begun(stack, daemon)
    stopped = daemon.stop()
    daemon.start()

    hook.let_end()

    assert (stopped, told(stack)["rc"], hook.runs()) == (0, 0, ["began", "ended"])


@pytest.mark.tier1
def test_a_hook_that_ended_while_no_daemon_ran_is_not_run_again(stack: Stack, daemon: Daemon) -> None:
    hook = begun(stack, daemon)
    daemon.kill()
    hook.let_end()
    hook.await_result()
    daemon.start()

    assert (told(stack)["exit_code"], hook.runs()) == (0, ["began", "ended"])


@pytest.mark.tier1
def test_a_hook_that_was_lost_is_in_doubt_and_keeps_nothing_out(stack: Stack, daemon: Daemon) -> None:
    hook = begun(stack, daemon)
    daemon.kill()
    hook.kill()
    daemon.start()

    lost = told(stack)

    assert (lost["exit_code"], lost["error"]["reason"]) == (8, "hook_in_doubt")
    assert "Look at: its output in " in lost["message"]
    assert stack.client("services", "run", SERVICE, "ensure-config").returncode == 0
    assert hook.runs() == ["began"]


@pytest.mark.tier1
def test_a_client_that_follows_across_a_restart_sees_every_byte_once(stack: Stack, daemon: Daemon) -> None:
    hook = BlockingHook.checked_out(stack)
    daemon.start()
    client = stack.start_client(*RUN)
    hook.await_begin()
    daemon.kill()
    daemon.start()
    hook.let_end()

    printed, _ = client.communicate()

    assert (client.returncode, printed) == (0, "waiting\n")


@pytest.mark.tier1
def test_a_hook_of_which_only_the_intent_is_on_record_is_not_begun_later(stack: Stack, daemon: Daemon) -> None:
    hook = BlockingHook.checked_out(stack)
    daemon.start(fault=f"after-intent:{STEP}")
    client = stack.start_client(*RUN)
    daemon.wait_dead()
    daemon.start()

    client.communicate()

    assert client.returncode == 1
    assert "was not started" in told(stack)["message"]
    assert not hook.has_begun()


@pytest.mark.tier1
@pytest.mark.parametrize("point", ["after-effect", "after-durable"])
def test_a_daemon_that_dies_after_the_hook_records_its_end_at_the_next_start(
    stack: Stack, daemon: Daemon, point: str
) -> None:
    hook = BlockingHook.checked_out(stack)
    daemon.start(fault=f"{point}:{STEP}")
    client = stack.start_client(*RUN)
    hook.await_begin()
    hook.let_end()
    daemon.wait_dead()
    daemon.start()

    client.communicate()

    assert (client.returncode, hook.runs()) == (0, ["began", "ended"])
