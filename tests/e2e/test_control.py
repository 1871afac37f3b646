"""An operator stops a release, settles what is in doubt, gives up, keeps releases out, and leaves remarks."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from support.blocking_script import NAME, TICKET, BlockingScript
from support.stack import Stack
from support.stories import events

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.daemon_process import Daemon
    from support.stack_images import FirstImages

WHY = ("--reason", "wrong night", "--yes")


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


@pytest.mark.usefixtures("daemon")
def test_cancel_stops_after_the_present_step_and_resume_goes_on(stack: Stack) -> None:
    script = _begun(stack)

    assert stack.client("cancel", TICKET, *WHY).returncode == 0
    script.let_end()

    watched = stack.client("watch", TICKET)
    assert (watched.returncode, "Cancelled: wrong night" in watched.stderr) == (1, True)
    assert stack.client("resume", TICKET).returncode == 0
    assert script.runs() == ["began", "ended"]
    assert "event=cancelled" in stack.derived(TICKET, "log")


@pytest.mark.usefixtures("daemon")
def test_a_release_that_was_given_up_frees_the_environment_and_may_be_run_again(stack: Stack) -> None:
    script = BlockingScript.merged(stack, rc=3)
    assert stack.client("run", TICKET, "--detach").returncode == 0
    script.await_begin()
    assert stack.client("lock", "release", *WHY).returncode == 3
    script.let_end()
    assert stack.client("watch", TICKET).returncode == 1

    freed = stack.client("lock", "release", *WHY)

    assert (freed.returncode, "free" in freed.stdout) == (0, True)
    assert _state(stack) == "abandoned"
    assert "nothing to release" in stack.client("run", TICKET).stderr


@pytest.mark.usefixtures("daemon")
def test_a_hold_refuses_the_next_start_and_unhold_lets_it_in(stack: Stack) -> None:
    script = BlockingScript.merged(stack)
    held = stack.client("hold", "--until", "2h", "--reason", "the auditor is here")

    refused = stack.client("run", TICKET)

    assert (held.returncode, refused.returncode) == (0, 3)
    assert "the auditor is here" in refused.stderr
    assert "the auditor is here" in stack.client("lock", "status").stdout
    assert stack.client("unhold").returncode == 0
    assert stack.client("run", TICKET, "--detach").returncode == 0
    script.await_begin()
    script.let_end()
    assert stack.client("watch", TICKET).returncode == 0


@pytest.mark.usefixtures("daemon")
def test_a_note_is_on_the_record_with_its_author(stack: Stack) -> None:
    script = _begun(stack)

    assert stack.client("note", TICKET, "the vendor knows").returncode == 0

    noted = [one for one in events(stack, TICKET) if one["type"] == "noted"]
    assert [(one["data"]["text"], one["actor"]) for one in noted] == [("the vendor knows", "root")]
    script.let_end()


@pytest.mark.parametrize(("verdict", "runs"), [("done", ["began"]), ("failed", ["began", "began", "ended"])])
def test_a_step_in_doubt_is_settled_by_what_the_operator_found(
    stack: Stack, daemon: Daemon, verdict: str, runs: list[str]
) -> None:
    script = _begun(stack)
    daemon.kill()
    script.kill()
    daemon.start()
    assert stack.client("watch", TICKET).returncode == 8

    settle = ("resolve", TICKET, NAME, "--as", verdict, "--request-id", "settle-it-once", *WHY)
    assert [stack.client(*settle).returncode for _ in range(2)] == [0, 0]

    assert stack.client("resume", TICKET, "--detach").returncode == 0
    if verdict == "failed":
        script.await_begin(2)
        script.let_end()
    assert stack.client("watch", TICKET).returncode == 0
    assert script.runs() == runs


@pytest.mark.usefixtures("daemon")
def test_what_settles_something_needs_a_yes_where_nobody_can_be_asked(stack: Stack) -> None:
    refused = stack.client("lock", "release", "--reason", "wrong night")

    assert (refused.returncode, "--yes" in refused.stderr) == (2, True)


@pytest.mark.usefixtures("daemon")
def test_a_reason_that_is_missing_is_wrong_usage(stack: Stack) -> None:
    assert [stack.client(*command).returncode for command in (["cancel", TICKET], ["hold"])] == [2, 2]


def _begun(stack: Stack) -> BlockingScript:
    script = BlockingScript.merged(stack)
    assert stack.client("run", TICKET, "--detach").returncode == 0
    script.await_begin()
    return script


def _state(stack: Stack) -> Any:  # noqa: ANN401 (JSON)
    return json.loads(stack.client("status", TICKET, "-o", "json").stdout)["summary"]["state"]
