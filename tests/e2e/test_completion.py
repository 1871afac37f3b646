"""What the daemon knows is completed: its tickets and its services, also in a real bash."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pexpect  # type: ignore[import-untyped] # it ships no types
import pytest

from support.bare_environment import BareEnvironment
from support.daemon_process import PATIENCE_S, PROGRAMS
from support.shell_completion import offered, soon, told

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SERVICES = {f"packages/{name}/manifest.yaml": f"name: {name}\ndisplay_name: The {name}\n" for name in ("web", "wiki")}
NOBODY = "unix:///nonexistent/released.sock"


@pytest.fixture(scope="module", name="address")
def _address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start a daemon that knows two services, and two tickets that it released."""
    with released(tmp_path_factory.mktemp("completion")) as environment:
        yield environment.address


@pytest.fixture(scope="module", name="halted")
def _halted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start a daemon that knows a third ticket, which halted."""
    with released(tmp_path_factory.mktemp("halted")) as environment:
        environment.ops.merge_pull_request("ticket-1236", {"releases/1236-fails.sh": "#!/bin/sh\nexit 3\n"}, "Fails")
        assert environment.client("run", "1236").returncode == 1
        yield environment.address


@contextmanager
def released(home: Path) -> Iterator[BareEnvironment]:
    """Start a daemon that knows two services, and two tickets that it released."""
    with BareEnvironment(home) as environment:
        environment.ops.commit(SERVICES, "Two services")
        environment.ops.git("pull", "--quiet", "origin", "main")
        for ticket in ("1234", "1240"):
            script = {f"releases/{ticket}-nothing.sh": "#!/bin/sh\n"}
            environment.ops.merge_pull_request(f"ticket-{ticket}", script, f"Ticket {ticket}")
            assert environment.client("run", ticket).returncode == 0
        yield environment


@pytest.mark.parametrize("command", ["run", "status", "watch", "logs", "events", "note", "revert"])
def test_a_ticket_is_completed_with_those_that_exist_newest_first(address: str, command: str) -> None:
    assert soon(lambda: offered(address, command, "")) == ["1240", "1234"]


@pytest.mark.parametrize(
    ("command", "tickets"),
    [("resume", ["1236"]), ("resolve", ["1236"]), ("cancel", []), ("revert", ["1236", "1240", "1234"])],
)
def test_only_tickets_with_which_a_command_has_something_to_do_are_offered(
    halted: str, command: str, tickets: list[str]
) -> None:
    assert soon(lambda: offered(halted, "status", "")) == ["1236", "1240", "1234"]

    assert offered(halted, command, "") == tickets


def test_only_tickets_that_begin_as_typed_are_offered(address: str) -> None:
    assert soon(lambda: offered(address, "status", "123")) == ["1234"]


def test_a_ticket_behind_a_flag_is_completed_too(address: str) -> None:
    assert soon(lambda: offered(address, "run", "7", "--with", "12")) == ["1240", "1234"]


def test_zsh_is_also_told_where_a_ticket_stands(address: str) -> None:
    assert soon(lambda: told("zsh", address, "status", "1234")) == "plain\n1234\nreleased"


def test_a_service_is_completed_with_those_of_the_environment(address: str) -> None:
    assert soon(lambda: offered(address, "revert", "1234", "--with-data", "w")) == ["web", "wiki"]


def test_a_service_that_is_to_be_shown_is_completed_and_so_is_what_may_be_done_with_one(address: str) -> None:
    assert soon(lambda: offered(address, "services", "")) == ["web", "wiki", "logs", "run"]
    assert soon(lambda: offered(address, "services", "wi")) == ["wiki"]


def test_what_may_be_done_with_a_service_is_offered_without_a_daemon() -> None:
    assert offered(NOBODY, "services", "") == ["logs", "run"]


def test_the_daemon_that_is_asked_is_the_one_that_was_typed(address: str) -> None:
    assert soon(lambda: offered(NOBODY, "--address", address, "status", "123")) == ["1234"]


def test_the_environment_that_is_asked_is_the_one_that_was_typed(address: str) -> None:
    assert offered(address, "status", "--env", "staging", "123") == []


def test_a_real_bash_completes_a_ticket(address: str) -> None:
    bash = _bash(address)

    bash.send("releasectl status 123")

    _press_tab_until(bash, "4 ")


def test_a_real_bash_completes_the_phase_behind_a_flag(address: str) -> None:
    bash = _bash(address)

    bash.send("releasectl run 1234 --from=mi")

    _press_tab_until(bash, "grate ")


def _bash(address: str) -> pexpect.spawn[str]:
    own = {
        "PATH": f"{PROGRAMS}:{os.environ['PATH']}",
        "RELEASECTL_ADDRESS": address,
        "INPUTRC": os.devnull,
        "TERM": "dumb",
    }
    bash: pexpect.spawn[str] = pexpect.spawn(
        "bash", ["--norc", "--noprofile"], env=os.environ | own, timeout=PATIENCE_S, encoding="utf-8"
    )
    bash.sendline("""eval "$(releasectl completion bash)"; bind 'set bell-style none'; echo re""ady""")
    bash.expect_exact("ready\r\n")
    return bash


def _press_tab_until(bash: pexpect.spawn[str], shown: str) -> None:
    def tab() -> bool:
        bash.send("\t")
        found: int = bash.expect_exact([pexpect.TIMEOUT, shown], timeout=3)
        return found == 1

    with bash:
        soon(tab)
