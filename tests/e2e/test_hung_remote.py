"""An environment whose remote accepts and never answers."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING
from uuid import uuid4

import grpc
import pytest

from releasepb.v1 import releases_pb2 as pb
from releasepb.v1 import releases_pb2_grpc as rpc
from support.bare_environment import BareEnvironment
from support.daemon_process import PATIENCE_S

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

REFUSED, NOT_FOUND = 3, 4
_MORE_THAN_ANY_POOL = 40


@pytest.fixture(name="waiting")
def _waiting(tmp_path: Path) -> Iterator[BareEnvironment]:
    """An environment where many commands wait for one that waits for the remote."""
    with (
        socket.create_server(("127.0.0.1", 0)) as remote,
        BareEnvironment(tmp_path, git={"allow_protocols": ["git"]}) as environment,
        grpc.insecure_channel(environment.address.replace("unix://", "unix:")) as channel,
    ):
        port = remote.getsockname()[1]
        environment.ops.git("remote", "set-url", "origin", f"git://127.0.0.1:{port}/ops")
        remote.settimeout(PATIENCE_S)
        asked = [_ask(rpc.ReleasesStub(channel), ticket) for ticket in range(1, _MORE_THAN_ANY_POOL + 1)]
        connection, _ = remote.accept()
        with connection:
            yield environment
        assert asked


def _ask(releases: rpc.ReleasesStub, ticket: int) -> object:
    request = pb.RunRequest(ticket=str(ticket), request_id=str(uuid4()))
    return releases.Run.future(request)


def test_releases_are_listed_while_commands_wait_for_a_remote_that_does_not_answer(waiting: BareEnvironment) -> None:
    with grpc.insecure_channel(waiting.address.replace("unix://", "unix:")) as channel:
        rpc.ReleasesStub(channel).ListReleases(pb.ListReleasesRequest(), timeout=PATIENCE_S)


@pytest.mark.parametrize(
    ("code", "order"),
    [
        (NOT_FOUND, ("cancel", "1", "--kill", "--yes", "--reason", "it does not end")),
        (REFUSED, ("resolve", "1", "prepare.tree", "--as", "done", "--yes", "--reason", "looked at it")),
        (REFUSED, ("lock", "release", "--yes", "--reason", "never mind")),
        (NOT_FOUND, ("note", "1", "the remote is down")),
    ],
    ids=["cancel", "resolve", "lock release", "note"],
)
def test_what_is_decided_by_the_record_alone_waits_for_no_remote(
    waiting: BareEnvironment, code: int, order: tuple[str, ...]
) -> None:
    assert waiting.client("--timeout", f"{PATIENCE_S:g}s", *order).returncode == code


def test_a_daemon_ends_when_it_is_asked_to_while_commands_wait_for_a_remote(waiting: BareEnvironment) -> None:
    assert waiting.daemon.stop() == 0
