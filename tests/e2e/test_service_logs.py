"""What the containers of a service print, as an operator sees it."""

from __future__ import annotations

import json
import signal
from typing import TYPE_CHECKING

import grpc
import pytest

from releasepb.v1 import releases_pb2 as pb
from releasepb.v1 import releases_pb2_grpc as rpc
from support.daemon_process import PATIENCE_S
from support.stack_images import docker
from support.stories import served

if TYPE_CHECKING:
    from collections.abc import Iterator
    from subprocess import Popen

    from support.daemon_process import Daemon
    from support.stack import Stack
    from support.stack_images import FirstImages

_MORE_THAN_ANY_POOL = 40
BOTH = """\
name: pair
containers: [{name: front}, {name: slow}]
"""
"""A service that has, for this test, the containers of two others."""


@pytest.fixture(scope="module", name="served_stack")
def _served_stack(
    tmp_path_factory: pytest.TempPathFactory, first_images: FirstImages
) -> Iterator[tuple[Stack, Daemon]]:
    home = tmp_path_factory.mktemp("logs") / "stack"
    with served(home, first_images, running=("front", "slow")) as (stack, daemon):
        stack.ops.commit({"packages/pair/manifest.yaml": BOTH}, "A service of two containers")
        stack.ops.git("pull", "--quiet", "--ff-only")
        yield stack, daemon


@pytest.fixture(name="stack")
def _stack(served_stack: tuple[Stack, Daemon]) -> Stack:
    return served_stack[0]


@pytest.fixture(name="daemon")
def _daemon(served_stack: tuple[Stack, Daemon]) -> Daemon:
    return served_stack[1]


def say(stack: Stack, service: str, text: str) -> None:
    """Have a container print something."""
    docker("exec", stack.names.container(service), "sh", "-c", 'printf "%b" "$1" >/proc/1/fd/1', "sh", text)


def follow(stack: Stack, *arguments: str) -> Popen[str]:
    return stack.start_client("services", "logs", *arguments, "-f", "--tail", "1")


def read_until(client: Popen[str], line: str) -> None:
    """Read what a client prints up to a line; fails where it ends before."""
    assert client.stdout is not None
    assert any(printed.rstrip("\n") == line for printed in client.stdout), f"the client ended without {line!r}"


def test_the_last_lines_are_shown(stack: Stack) -> None:
    say(stack, "front", "one\\ntwo\\nthree\\n")
    shown = stack.client("services", "logs", "front", "--tail", "2")
    assert (shown.returncode, shown.stdout) == (0, "two\nthree\n")


def test_secrets_are_masked_wherever_they_stand_in_a_line(stack: Stack) -> None:
    say(stack, "front", f"the password is {stack.secret}!\\n")
    shown = stack.client("services", "logs", "front", "--tail", "1")
    assert shown.stdout == "the password is ***!\n"


def test_what_steers_a_terminal_is_taken_out(stack: Stack) -> None:
    say(stack, "front", "\\033[2Jred \\033[31malert\\007\\n")
    assert stack.client("services", "logs", "front", "--tail", "1").stdout == "red alert\n"


def test_each_line_of_several_containers_begins_with_its_container(stack: Stack) -> None:
    say(stack, "front", "from front\\n")
    say(stack, "slow", "from slow\\n")
    front, slow = stack.names.container("front"), stack.names.container("slow")
    shown = stack.client("services", "logs", "pair", "--tail", "1").stdout.splitlines()
    assert sorted(shown) == sorted([f"{front} | from front", f"{slow:<{len(front)}} | from slow"])


def test_programs_read_one_document_or_one_object_per_line(stack: Stack) -> None:
    say(stack, "front", "for programs\\n")
    name = stack.names.container("front")
    one = json.loads(stack.client("services", "logs", "front", "--tail", "1", "-o", "json").stdout)
    line = json.loads(stack.client("services", "logs", "front", "--tail", "1", "-o", "jsonl").stdout)
    assert one == {"service": "front", "containers": [{"container": name, "untrusted_lines": ["for programs"]}]}
    assert line == {"container": name, "untrusted_line": "for programs"}


def test_a_service_that_there_is_not_is_not_found(stack: Stack) -> None:
    assert stack.client("services", "logs", "nope").returncode == 4


def test_a_service_without_containers_has_no_log(stack: Stack) -> None:
    refused = stack.client("services", "logs", "web")
    assert (refused.returncode, refused.stderr) == (4, "[ERROR] No container of web exists, so it has no log.\n")


def test_a_service_may_be_called_like_a_subcommand(stack: Stack) -> None:
    assert "no service 'logs'" in stack.client("services", "logs").stderr


def test_a_container_that_is_recreated_is_followed_until_ctrl_c(stack: Stack) -> None:
    client = follow(stack, "slow")
    say(stack, "slow", "before\\n")
    read_until(client, "before")
    docker("rm", "--force", stack.names.container("slow"))
    stack.containers.recreate_by_hand(stack.ops.checkout, "slow", "1")
    say(stack, "slow", "after\\n")
    read_until(client, "after")

    client.send_signal(signal.SIGINT)
    client.communicate()

    assert client.returncode == 130


def test_many_who_follow_keep_nobody_waiting(stack: Stack) -> None:
    with grpc.insecure_channel(stack.address.replace("unix://", "unix:")) as channel:
        environments = rpc.EnvironmentsStub(channel)
        request = pb.ReadServiceLogsRequest(name="front", follow=True)
        calls = [environments.ReadServiceLogs(request) for _ in range(_MORE_THAN_ANY_POOL)]
        say(stack, "front", "for all\\n")
        for call in calls:
            next(call)
        environments.ListServices(pb.ListServicesRequest(), timeout=PATIENCE_S)
        for call in calls:
            call.cancel()


def test_a_daemon_that_ends_is_not_kept_by_who_follows(stack: Stack, daemon: Daemon) -> None:
    client = follow(stack, "front")
    say(stack, "front", "the last words\n")
    read_until(client, "the last words")

    stopped = daemon.stop()

    client.communicate()
    daemon.start()
    assert (stopped, client.returncode) == (0, 6)
