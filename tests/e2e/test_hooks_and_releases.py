"""Hooks that are run by hand, releases and clients: who waits for whom, and who may go away."""

from __future__ import annotations

import json
import signal
from typing import TYPE_CHECKING

import pytest

from support.blocking_hook import HOOK, RUN, SERVICE, BlockingHook
from support.blocking_script import TICKET, BlockingScript
from support.stack import Stack

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.daemon_process import Daemon
    from support.stack_images import FirstImages

SCRIPTS = f"packages/{SERVICE}/scripts"
FAILS = {f"releases/{TICKET}-a.sh": "#!/bin/sh\nexit 1\n"}


@pytest.fixture(name="stack")
def _stack(tmp_path: Path, first_images: FirstImages) -> Iterator[Stack]:
    stack = Stack.create(tmp_path / "stack", first_images, running=())
    try:
        yield stack
        assert stack.leaks() == []
    finally:
        stack.cleanup()


@pytest.fixture(name="daemon", autouse=True)
def _daemon(stack: Stack) -> Iterator[Daemon]:
    daemon = stack.daemon()
    daemon.start()
    yield daemon
    daemon.end()


def begun(stack: Stack, rc: int = 0) -> BlockingHook:
    """Run a hook up to where it waits, and leave it."""
    hook = BlockingHook.checked_out(stack, rc)
    client = stack.start_client(*RUN)
    hook.await_begin()
    client.kill()
    client.communicate()
    return hook


def reason_of(stack: Stack, *arguments: str) -> tuple[int, str]:
    """Type a command that is refused; give exit code and reason."""
    told = stack.client("-o", "json", *arguments)
    return told.returncode, json.loads(told.stdout)["error"]["reason"]


# --- one at a time -----------------------------------------------------------------------------------------------


def test_a_release_is_refused_while_a_hook_runs(stack: Stack) -> None:
    hook = begun(stack)
    stack.merge("77", {"releases/77-a.sh": "#!/bin/sh\n"})
    assert reason_of(stack, "run", "77") == (3, "hook_running")
    hook.let_end()
    assert stack.client(*RUN).returncode == 0
    assert stack.client("run", "77").returncode == 0


def test_another_hook_is_refused_while_one_runs(stack: Stack) -> None:
    hook = begun(stack)
    assert reason_of(stack, "services", "run", SERVICE, "ensure-config") == (3, "hook_running")
    hook.let_end()


def test_a_hook_is_refused_while_a_release_runs(stack: Stack) -> None:
    script = BlockingScript.merged(stack)
    assert stack.client("run", TICKET, "--detach").returncode == 0
    script.await_begin()
    assert reason_of(stack, "services", "run", SERVICE, "ensure-config") == (3, "environment_busy")
    script.let_end()


def test_a_halted_release_is_mended_by_a_hook_that_finds_its_facts(stack: Stack) -> None:
    stack.merge(TICKET, {**FAILS, f"{SCRIPTS}/tell.sh": '#!/bin/sh\necho "TICKET=$TICKET"\n'})
    assert stack.client("run", TICKET, "--skip", "migrate", "--reason", "only the hook is new").returncode == 1
    assert stack.client("services", "run", SERVICE, "tell").stdout == f"TICKET={TICKET}\n"


def test_a_halted_release_does_not_go_on_while_a_hook_runs(stack: Stack) -> None:
    hook = BlockingHook(stack)
    stack.merge(TICKET, {**FAILS, f"{SCRIPTS}/{HOOK}.sh": hook.content()})
    assert stack.client("run", TICKET, "--skip", "migrate", "--reason", "only the hook is new").returncode == 1
    client = stack.start_client(*RUN)
    hook.await_begin()
    assert reason_of(stack, "resume", TICKET, "--reason", "mended") == (3, "hook_running")
    hook.let_end()
    client.communicate()


def test_a_hook_that_is_refused_is_on_record(stack: Stack) -> None:
    hook = begun(stack)
    again = ("services", "run", SERVICE, "ensure-config", "--request-id", "at-the-same-time")
    assert reason_of(stack, *again) == (3, "hook_running")
    hook.let_end()
    assert stack.client(*RUN).returncode == 0
    assert reason_of(stack, *again) == (3, "hook_running")


# --- the client --------------------------------------------------------------------------------------------------


def test_ctrl_c_detaches_and_the_hook_goes_on(stack: Stack) -> None:
    hook = BlockingHook.checked_out(stack)
    client = stack.start_client(*RUN)
    hook.await_begin()

    client.send_signal(signal.SIGINT)
    client.communicate()
    hook.let_end()

    assert client.returncode == 130
    assert (stack.client(*RUN).returncode, hook.runs()) == (0, ["began", "ended"])


def test_who_sends_the_same_request_again_sees_the_same_run(stack: Stack) -> None:
    hook = begun(stack, rc=7)
    hook.let_end()
    shown = [stack.client(*RUN) for _ in range(2)]
    assert [(one.returncode, one.stdout) for one in shown] == [(1, "waiting\n")] * 2
    assert hook.runs() == ["began", "ended"]


def test_a_request_id_that_was_used_for_another_hook_is_wrong_usage(stack: Stack) -> None:
    begun(stack).let_end()
    assert stack.client(*RUN).returncode == 0
    again = ("services", "run", SERVICE, "ensure-config", *RUN[-2:])
    assert reason_of(stack, *again) == (2, "request_id_reused")
