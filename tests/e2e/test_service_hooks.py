"""An operator runs a hook of a service by hand."""

from __future__ import annotations

import json
import signal
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from support.blocking_hook import HOOK, RUN, SERVICE, BlockingHook
from support.blocking_script import TICKET, BlockingScript
from support.stack import ENVIRONMENT, Stack
from support.stories import TELL_SECRET

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.daemon_process import Daemon
    from support.stack_images import FirstImages

SCRIPTS = f"packages/{SERVICE}/scripts"
FACTS = ("TICKET", "BASE_SHA", "MERGE_SHA", "SERVICES", "BACKUPS", "CONTAINER_PREFIX")
TELL_FACTS = "#!/bin/sh\n" + "".join(f'echo "{name}=${name}"\n' for name in FACTS) + 'echo "arguments=$*"\n'


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


def check_out(stack: Stack, name: str, content: str) -> None:
    """Commit a hook and pull it."""
    stack.ops.commit({f"{SCRIPTS}/{name}": content}, f"The hook {name}")
    stack.ops.git("pull", "--quiet", "--ff-only")


def on_record(stack: Stack) -> list[tuple[str, Any]]:
    """Read the hooks' events of the environment as they lie in the database."""
    query = "SELECT type, payload FROM events WHERE stream = ? AND type LIKE 'hook_%' ORDER BY position"
    with closing(sqlite3.connect(f"file:{stack.state_dir}/released.db?mode=ro", uri=True)) as database:
        return [(kind, json.loads(data)) for kind, data in database.execute(query, (f"environment/{ENVIRONMENT}",))]


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


# --- the outcome -------------------------------------------------------------------------------------------------


def test_what_it_prints_is_shown_with_secrets_masked(stack: Stack) -> None:
    check_out(stack, "renew.sh", f"#!/bin/sh\n{TELL_SECRET}")
    shown = stack.client("services", "run", SERVICE, "renew")
    assert (shown.returncode, shown.stdout) == (0, "the password is ***\n")


def test_a_hook_that_fails_fails_the_command(stack: Stack) -> None:
    check_out(stack, "renew.sh", "#!/bin/sh\nexit 7\n")
    shown = stack.client("services", "run", SERVICE, "renew.sh")
    assert shown.returncode == 1
    assert shown.stderr.startswith(f"[ERROR] {SCRIPTS}/renew.sh ended with exit code 7.")


def test_programs_read_output_and_outcome_in_one_document(stack: Stack) -> None:
    check_out(stack, "renew.sh", "#!/bin/sh\necho trying\nexit 7\n")
    told = json.loads(stack.client("-o", "json", "services", "run", SERVICE, "renew").stdout)
    assert (told["untrusted_output"], told["rc"], told["error"]["code"]) == ("trying\n", 7, 1)


def test_programs_read_one_object_per_line_and_the_outcome_last(stack: Stack) -> None:
    check_out(stack, "renew.sh", "#!/bin/sh\necho one\necho two\n")
    told = [
        json.loads(line)
        for line in stack.client("-o", "jsonl", "services", "run", SERVICE, "renew").stdout.split("\n")[:-1]
    ]
    assert [one.get("untrusted_line") for one in told] == ["one", "two", None]
    assert told[-1]["exit_code"] == 0


def test_it_finds_its_service_and_no_facts_where_no_release_is(stack: Stack) -> None:
    check_out(stack, "tell.sh", TELL_FACTS)
    shown = stack.client("services", "run", SERVICE, "tell").stdout.splitlines()
    alone = {"SERVICES": SERVICE, "CONTAINER_PREFIX": stack.names.prefix, "arguments": "--yes"}
    assert shown == [f"{name}={alone.get(name, '')}" for name in (*FACTS, "arguments")]


def test_who_ran_it_why_and_how_it_ended_is_on_record(stack: Stack) -> None:
    check_out(stack, "renew.sh", "#!/bin/sh\nexit 7\n")
    stack.client("services", "run", SERVICE, "renew", "--reason", f"the key {stack.secret} is stale")
    (_, started), (_, ended) = on_record(stack)
    assert started["executable"]["path"] == f"{SCRIPTS}/renew.sh"
    assert started["reason"] == "the key *** is stale"
    assert (ended["request_id"], ended["failure"]["rc"]) == (started["request_id"], 7)


# --- which hook --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "answer"),
    [
        (("nope", "renew"), (4, "service_unknown")),
        ((SERVICE, "nope"), (4, "hook_unknown")),
        ((SERVICE, "ensure"), (4, "hook_unknown")),
    ],
)
def test_what_there_is_not_is_not_found(stack: Stack, arguments: tuple[str, ...], answer: tuple[int, str]) -> None:
    assert reason_of(stack, "services", "run", *arguments) == answer


def test_a_name_that_means_several_files_is_wrong_usage(stack: Stack) -> None:
    check_out(stack, "ensure-config.20-more.sh", "#!/bin/sh\n")
    assert reason_of(stack, "services", "run", SERVICE, "ensure-config") == (2, "hook_ambiguous")


def test_a_hook_that_is_not_what_the_commit_holds_is_not_run(stack: Stack) -> None:
    with (stack.ops.checkout / SCRIPTS / "ensure-config.10-account.sh").open("a") as hook:
        hook.write("echo more\n")
    assert reason_of(stack, "services", "run", SERVICE, "ensure-config") == (3, "script_changed")
    assert on_record(stack) == []


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
    check_out(stack, "tell.sh", TELL_FACTS)
    stack.merge(TICKET, {f"releases/{TICKET}-a.sh": "#!/bin/sh\nexit 1\n"})
    assert stack.client("run", TICKET).returncode == 1
    assert f"TICKET={TICKET}\n" in stack.client("services", "run", SERVICE, "tell").stdout


def test_a_halted_release_does_not_go_on_while_a_hook_runs(stack: Stack) -> None:
    stack.merge(TICKET, {f"releases/{TICKET}-a.sh": "#!/bin/sh\nexit 1\n"})
    hook = BlockingHook(stack)
    stack.merge("hook", {f"{SCRIPTS}/{HOOK}.sh": hook.content()})
    stack.client("run", TICKET, "--skip", "migrate", "--reason", "only the hook is new")
    client = stack.start_client(*RUN)
    hook.await_begin()
    assert reason_of(stack, "resume", TICKET) == (3, "hook_running")
    hook.let_end()
    client.communicate()


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
