"""A client and a daemon of different versions work together, or say which of them to upgrade."""

from __future__ import annotations

import json
import re
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from released.api.services import METHODS
from releasepb.v1 import releases_pb2 as pb
from support.bare_environment import BareEnvironment
from support.every_method import PLAUSIBLE, request_with, texts
from support.version_relay import UNKNOWN_FIELD, relayed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from google.protobuf.descriptor import MethodDescriptor

    from support.evidence import Evidence

REFUSED = 3
LOOKS = ("status", "events 1", "watch 1", "-o json events 1")


@pytest.fixture(scope="module", name="served")
def _served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BareEnvironment]:
    """Give an environment with a halted release."""
    with BareEnvironment(tmp_path_factory.mktemp("served")) as environment:
        environment.ops.merge_pull_request("ticket-1", {"releases/1-a.sh": "#!/bin/sh\nexit 1\n"}, "Ticket 1")
        assert environment.client("run", "1").returncode == 1
        yield environment


def _recorded(environment: BareEnvironment) -> int:
    with closing(sqlite3.connect(f"file:{environment.database}?mode=ro", uri=True)) as database:
        return int(database.execute("SELECT count(*) FROM events").fetchone()[0])


@pytest.mark.parametrize("look", LOOKS)
def test_a_client_passes_over_what_a_later_daemon_says_besides(
    served: BareEnvironment, look: str, evidence: Evidence
) -> None:
    """Row 59: an older client, in whose answers are fields that it has no name for."""
    alike, more = (_told(served, look, added) for added in (b"", UNKNOWN_FIELD))

    assert more == alike
    evidence.fired()


def _told(served: BareEnvironment, look: str, added: bytes) -> tuple[int, str]:
    """Look through a daemon that adds something; gives exit code and what is told, without times and other numbers."""
    with relayed(served.address, served.runtime / "later", added=added) as later:
        told = served.client("--address", later, *look.split())
    return told.returncode, re.sub(r"(?:\d+[hms]?)+", "#", told.stdout + told.stderr)


def test_a_command_that_an_older_daemon_does_not_know_is_refused_and_the_daemon_is_to_be_upgraded(
    served: BareEnvironment, evidence: Evidence
) -> None:
    """Row 59: a newer client, and a daemon without the call."""
    with relayed(served.address, served.runtime / "earlier", forgotten="GetDrift") as earlier:
        told = served.client("-o", "json", "--address", earlier, "drift")

    error = json.loads(told.stdout)["error"]
    assert (told.returncode, error["reason"]) == (REFUSED, "daemon_older")
    assert "Upgrade released." in error["message"]
    evidence.fired()


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
def test_what_an_older_daemon_has_no_name_for_is_not_passed_over(
    served: BareEnvironment, method: MethodDescriptor, evidence: Evidence
) -> None:
    """Row 59: a newer client, and a request with a field that the daemon would have to ignore."""
    place = next(texts(method.input_type), ("",))
    request = request_with(method, place, PLAUSIBLE.get(place[-1], ""))
    path = f"/{method.containing_service.full_name}/{method.name}"
    before = _recorded(served)

    with grpc.insecure_channel(served.address.replace("unix://", "unix:")) as channel:
        call = channel.unary_stream if method.server_streaming else channel.unary_unary
        with pytest.raises(grpc.RpcError) as refused:
            list(call(path, bytes, bytes)(request.SerializeToString() + UNKNOWN_FIELD))

    info = error_details_pb2.ErrorInfo()
    status = rpc_status.from_call(refused.value)
    assert any(detail.Unpack(info) for detail in status.details)
    assert (refused.value.code(), info.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "daemon_older")
    assert _recorded(served) == before
    evidence.fired()


def test_what_an_older_daemon_has_no_name_for_is_found_deep_in_a_request(
    served: BareEnvironment, evidence: Evidence
) -> None:
    """Row 59: a newer client, and a field that is unknown within a part of the request."""
    inner = pb.CancelRequest(ticket="1", request_id="from-later", reason="why").SerializeToString() + UNKNOWN_FIELD
    request = b"\x12" + bytes([len(inner)]) + inner
    assert pb.CheckRequest.FromString(request).cancel.ticket == "1"

    with (
        grpc.insecure_channel(served.address.replace("unix://", "unix:")) as channel,
        pytest.raises(grpc.RpcError) as refused,
    ):
        channel.unary_unary("/released.v1.Releases/Check", bytes, bytes)(request)

    assert "Upgrade released" in str(refused.value.details())
    evidence.fired()
