"""A ticket script outlives the daemon: it is adopted, runs once, and where nobody can know, a person decides."""

from __future__ import annotations

import fcntl
import json
import signal
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from support.bare_stack import begun
from support.blocking_script import NAME, TICKET, BlockingScript
from support.stack import Stack
from support.stories import events, follow_until, of_type, started_steps

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from subprocess import Popen

    from support.daemon_process import Daemon
    from support.evidence import Evidence
    from support.stack_images import FirstImages

REPEATABLE = "# released: repeatable"
REASON = "it did nothing yet"
ASK_AGAIN: dict[str, object] = {"recovery": {"on_restart": "halt"}}


@pytest.fixture(name="make")
def _make(tmp_path: Path, first_images: FirstImages) -> Iterator[Callable[..., Stack]]:
    """Make an environment in which no service runs; a script needs none."""
    made: list[Stack] = []

    def make(**settings: object) -> Stack:
        made.append(Stack.create(tmp_path / "stack", first_images, running=(), settings=settings))
        return made[-1]

    yield make
    for stack in made:
        try:
            assert stack.leaks() == []
        finally:
            stack.cleanup()


@pytest.fixture(name="stack")
def _stack(make: Callable[..., Stack]) -> Stack:
    return make()


@pytest.fixture(name="daemon")
def _daemon(stack: Stack) -> Iterator[Daemon]:
    daemon = stack.daemon()
    daemon.start()
    yield daemon
    daemon.end()


def in_doubt(stack: Stack, daemon: Daemon) -> BlockingScript:
    """Release the ticket up to where daemon, shim and script died and a new daemon has looked at what is left."""
    script = begun(stack)
    daemon.kill()
    script.kill()
    daemon.start()
    assert stack.client("watch", TICKET).returncode == 8
    return script


def attempts(stack: Stack) -> int:
    return started_steps(events(stack, TICKET)).count(NAME)


# --- the daemon dies ---------------------------------------------------------------------------------------------


def test_a_script_that_still_runs_is_adopted_and_runs_once(stack: Stack, daemon: Daemon, evidence: Evidence) -> None:
    """Row 4: the daemon is killed while the script runs."""
    script = begun(stack)
    daemon.kill()
    evidence.fired(int(daemon.process.returncode == -signal.SIGKILL))
    daemon.start()

    script.let_end()
    watched = stack.client("watch", TICKET)

    assert watched.returncode == 0, watched.stderr
    assert (script.runs(), attempts(stack)) == (["began", "ended"], 1)


@pytest.mark.tier1
def test_the_exit_code_of_an_adopted_script_is_taken(stack: Stack, daemon: Daemon, evidence: Evidence) -> None:
    """Row 4: the daemon is killed while the script runs."""
    script = begun(stack, rc=7)
    daemon.kill()
    evidence.fired(int(daemon.process.returncode == -signal.SIGKILL))
    daemon.start()

    script.let_end()

    assert stack.client("watch", TICKET).returncode == 1
    assert [failed["failure"]["rc"] for failed in of_type(events(stack, TICKET), "step_failed")] == [7]


@pytest.mark.tier1
def test_a_script_that_ended_while_no_daemon_ran_is_not_run_again(
    stack: Stack, daemon: Daemon, evidence: Evidence
) -> None:
    """Row 5: the script ends while no daemon is there."""
    script = begun(stack)
    daemon.kill()
    evidence.fired(int(daemon.process.returncode == -signal.SIGKILL))
    script.let_end()
    script.await_result()

    daemon.start()

    assert stack.client("watch", TICKET).returncode == 0
    assert (script.runs(), attempts(stack)) == (["began", "ended"], 1)


@pytest.mark.tier1
def test_the_exit_code_of_a_script_that_ended_while_no_daemon_ran_is_taken(
    stack: Stack, daemon: Daemon, evidence: Evidence
) -> None:
    """Row 5: the script ends while no daemon is there."""
    script = begun(stack, rc=7)
    daemon.kill()
    evidence.fired(int(daemon.process.returncode == -signal.SIGKILL))
    script.let_end()
    script.await_result()

    daemon.start()

    assert stack.client("watch", TICKET).returncode == 1
    assert [failed["failure"]["rc"] for failed in of_type(events(stack, TICKET), "step_failed")] == [7]


@pytest.mark.tier1
def test_a_script_that_ended_behind_a_halt_is_not_run_again_by_the_resume(make: Callable[..., Stack]) -> None:
    stack = make(**ASK_AGAIN)
    daemon = stack.daemon()
    daemon.start()
    script = begun(stack)
    daemon.kill()
    script.let_end()
    script.await_result()
    daemon.start()

    halted = stack.client("watch", TICKET).returncode
    resumed = stack.client("resume", TICKET).returncode
    daemon.end()

    assert (halted, resumed) == (1, 0)
    assert script.runs() == ["began", "ended"]


@pytest.mark.tier1
def test_what_a_script_printed_before_and_after_the_death_is_shown(stack: Stack, daemon: Daemon) -> None:
    script = begun(stack)
    daemon.kill()
    daemon.start()
    script.let_end()
    stack.client("watch", TICKET)

    assert "waiting" in stack.client("logs", TICKET, "--step", NAME).stdout


@pytest.mark.tier1
def test_a_daemon_that_is_asked_to_stop_leaves_the_script_to_the_next_one(
    stack: Stack, daemon: Daemon, evidence: Evidence
) -> None:
    """Row 12: SIGTERM in the middle of a step hands it over."""
    script = begun(stack)

    assert daemon.stop() == 0
    evidence.fired()
    daemon.start()
    script.let_end()

    assert stack.client("watch", TICKET).returncode == 0
    assert (script.runs(), attempts(stack)) == (["began", "ended"], 1)


def locks(stack: Stack) -> list[Path]:
    """List the files that a daemon locks while a release runs."""
    socket = stack.runtime / "released.sock.lock"
    return [socket, stack.state_dir / "released.db.lock", stack.workspace / "releases" / ".lock"]


def is_free(lock: Path) -> bool:
    with lock.open("r+b") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


def is_free_while_inherited(lock: Path) -> bool:
    """Tell whether a lock counts as free whose holder has let go, but not the child to whom it was handed on."""
    with lock.open("wb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        child = subprocess.Popen(["/bin/cat"], stdin=subprocess.PIPE, pass_fds=[held.fileno()])
    free = is_free(lock)
    child.communicate()
    return free


@pytest.mark.tier1
@pytest.mark.usefixtures("daemon")
def test_a_daemon_holds_its_locks_while_a_release_runs(stack: Stack) -> None:
    script = begun(stack)

    held = [not is_free(lock) for lock in locks(stack)]
    script.let_end()

    assert held == [True, True, True]


def test_a_script_that_outlives_the_daemon_inherited_no_lock(stack: Stack, daemon: Daemon, evidence: Evidence) -> None:
    """Row 40: the daemon dies, the script lives, and the locks are free."""
    script = begun(stack)
    daemon.kill()
    evidence.fired(int(daemon.process.returncode == -signal.SIGKILL))

    free = [is_free(lock) for lock in locks(stack)]
    script.let_end()

    evidence.control("a lock that a child inherits", red=not is_free_while_inherited(stack.home / "lock"))
    assert free == [True, True, True]


# --- the host dies -----------------------------------------------------------------------------------------------


@pytest.mark.tier1
def test_a_script_that_was_lost_is_not_run_again_and_the_release_is_in_doubt(
    stack: Stack, daemon: Daemon, evidence: Evidence
) -> None:
    """Row 6: daemon, shim and script are killed."""
    script = in_doubt(stack, daemon)
    evidence.fired(int(not script.lives()))

    halt = of_type(events(stack, TICKET), "halted")[-1]

    assert (halt["cause"], halt["step"], script.runs()) == ("in_doubt", NAME, ["began"])


@pytest.mark.tier1
def test_the_status_of_a_release_in_doubt_says_so_and_what_to_look_at(stack: Stack, daemon: Daemon) -> None:
    in_doubt(stack, daemon)

    status = stack.client("status", TICKET)

    assert status.returncode == 0
    assert "halted in ticket (in doubt)" in status.stdout
    assert f"It is not known whether {NAME} took effect" in status.stdout


@pytest.mark.tier1
@pytest.mark.parametrize(
    "command",
    [("resume", TICKET), ("resume", TICKET, "--reason", REASON), ("run", TICKET, "--from=ticket")],
    ids=["resume", "resume with a reason", "run --from without a reason"],
)
def test_a_release_in_doubt_does_not_go_on_by_the_way(stack: Stack, daemon: Daemon, command: tuple[str, ...]) -> None:
    script = in_doubt(stack, daemon)

    refused = stack.client("-o", "json", *command)

    error = json.loads(refused.stdout or refused.stderr)["error"]
    assert (refused.returncode, error["reason"], script.runs()) == (3, "in_doubt", ["began"])
    assert ["releasectl", "resolve", TICKET, NAME, "--as"] in [one["argv"][:5] for one in error["next"]]


@pytest.mark.tier1
def test_a_release_in_doubt_goes_on_where_the_operator_decides(stack: Stack, daemon: Daemon) -> None:
    script = in_doubt(stack, daemon)

    stack.client("run", TICKET, "--from=ticket", "--reason", REASON, "--detach")
    script.await_begin(times=2)
    script.let_end()

    assert stack.client("watch", TICKET).returncode == 0
    assert [resumed["reason"] for resumed in of_type(events(stack, TICKET), "resumed")] == [REASON]


def test_a_repeatable_script_that_was_lost_is_run_again(stack: Stack, daemon: Daemon, evidence: Evidence) -> None:
    """Row 7: daemon, shim and script are killed, and the script says that it may run again."""
    script = begun(stack, header=REPEATABLE)
    daemon.kill()
    script.kill()
    evidence.fired(int(not script.lives()))
    daemon.start()

    script.await_begin(times=2)
    script.let_end()

    assert stack.client("watch", TICKET).returncode == 0
    assert (script.runs(), attempts(stack)) == (["began", "began", "ended"], 2)


# --- the client goes away ----------------------------------------------------------------------------------------


def rest_of(client: Popen[str]) -> list[dict[str, Any]]:
    """Read what a client prints until it ends."""
    printed, _ = client.communicate()
    return [json.loads(line) for line in printed.splitlines()]


@pytest.mark.tier1
@pytest.mark.usefixtures("daemon")
def test_ctrl_c_detaches_and_the_release_goes_on(stack: Stack) -> None:
    script = BlockingScript.merged(stack)
    client, _ = follow_until(stack, NAME, "run", TICKET)

    client.send_signal(signal.SIGINT)
    rest_of(client)
    script.let_end()

    assert client.returncode == 130
    assert (stack.client("watch", TICKET).returncode, script.runs()) == (0, ["began", "ended"])


@pytest.mark.tier1
@pytest.mark.usefixtures("daemon")
def test_a_client_that_is_killed_changes_nothing(stack: Stack) -> None:
    script = BlockingScript.merged(stack)
    client, _ = follow_until(stack, NAME, "run", TICKET)

    client.kill()
    client.communicate()
    script.let_end()

    assert stack.client("watch", TICKET).returncode == 0
    assert (script.runs(), attempts(stack)) == (["began", "ended"], 1)


@pytest.mark.tier1
@pytest.mark.usefixtures("daemon")
def test_who_attaches_again_sees_every_event_once(stack: Stack) -> None:
    script = BlockingScript.merged(stack)
    client, _ = follow_until(stack, NAME, "run", TICKET)
    client.send_signal(signal.SIGINT)
    client.communicate()

    again, seen = follow_until(stack, NAME, "watch", TICKET)
    script.let_end()
    seen += rest_of(again)

    assert [event["version"] for event in seen] == [*range(1, len(events(stack, TICKET)) + 1)]


@pytest.mark.tier1
def test_a_client_that_watches_across_a_restart_sees_every_event_once(stack: Stack, daemon: Daemon) -> None:
    script = BlockingScript.merged(stack)
    client, seen = follow_until(stack, NAME, "run", TICKET)

    daemon.kill()
    daemon.start()
    script.let_end()
    seen += rest_of(client)

    assert client.returncode == 0
    assert [event["version"] for event in seen] == [*range(1, len(events(stack, TICKET)) + 1)]
    assert "recovered" in [event["type"] for event in seen]
