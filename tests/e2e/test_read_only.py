"""A daemon that can record nothing: what it answers, and what it refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import grpc
import pytest
from google.protobuf.descriptor_pb2 import MethodOptions
from google.protobuf.message_factory import GetMessageClass
from grpc_health.v1 import health_pb2, health_pb2_grpc

from releasectl.exit_codes import ExitCode
from releasectl.rpc_errors import from_rpc
from released.api.services import METHODS, SERVICES
from support.kept_record import HALTED, OVER, KeptRecord

if TYPE_CHECKING:
    from collections.abc import Iterator

    from google.protobuf.descriptor import MethodDescriptor

CHANGING = [one for one in METHODS if one.GetOptions().idempotency_level != MethodOptions.NO_SIDE_EFFECTS]


@pytest.fixture(name="kept", scope="module")
def _kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KeptRecord]:
    with KeptRecord.made(tmp_path_factory.mktemp("read-only")) as kept:
        kept.execute("UPDATE alembic_version SET version_num = '9999'")
        with kept.served():
            yield kept


@pytest.fixture(name="channel", scope="module")
def _channel(kept: KeptRecord) -> Iterator[grpc.Channel]:
    with grpc.insecure_channel(kept.sites.address.replace("unix://", "unix:")) as channel:
        yield channel


@pytest.mark.parametrize(
    ("command", "shown"),
    [
        (("status",), "released is read-only: "),
        (("status", HALTED), "released is read-only: "),
        (("list",), f"{OVER}  "),
        (("events", HALTED), "1235-users.sh"),
        (("logs", HALTED), "forbidden"),
        (("diagnose", HALTED), "ended with exit code 3"),
        (("watch", OVER), f"Ticket {OVER} is released"),
        (("history",), f"{OVER}  "),
        (("why", OVER, "releases/1234-users.sh"), "asked for it"),
        (("list", "--at", "1s"), f"{OVER}  "),
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(value),
)
def test_what_only_shows_something_is_answered(command: tuple[str, ...], shown: str, kept: KeptRecord) -> None:
    assert shown in kept.site.client(*command).stdout


def test_the_checkup_tells_that_nothing_can_be_recorded(kept: KeptRecord) -> None:
    checks = kept.site.document("doctor", code=1)["checks"]
    failed = [one["finding"] for one in checks if one["name"] == "store" and one["status"] == "failed"]
    assert [finding.partition(": ")[0] for finding in failed] == ["Nothing can be recorded"]


@pytest.mark.parametrize("method", CHANGING, ids=lambda method: method.name)
def test_a_call_that_could_change_something_is_refused_before_it_looks_at_anything(
    method: MethodDescriptor, channel: grpc.Channel
) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        _call(channel, method)
    error = from_rpc(caught.value)
    assert (error.code, error.reason, error.next[0].argv) == (ExitCode.REFUSED, "read_only", ("releasectl", "version"))
    assert error.message.startswith("Nothing was changed, because released is read-only at present: ")


@pytest.mark.parametrize("service", ["", *(service.name for service in SERVICES)])
def test_a_health_check_says_that_it_does_not_serve(service: str, channel: grpc.Channel) -> None:
    request = health_pb2.HealthCheckRequest(service=f"released.v1.{service}" if service else "")
    assert health_pb2_grpc.HealthStub(channel).Check(request).status == health_pb2.HealthCheckResponse.NOT_SERVING


def _call(channel: grpc.Channel, method: MethodDescriptor) -> None:
    """Call a method with a message that says nothing, and read all of the answer."""
    name, request = f"/{method.containing_service.full_name}/{method.name}", GetMessageClass(method.input_type)()
    if method.server_streaming:
        list(channel.unary_stream(name, type(request).SerializeToString)(request))
    else:
        channel.unary_unary(name, type(request).SerializeToString)(request)
