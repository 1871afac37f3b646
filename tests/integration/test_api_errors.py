"""What a caller is told when a request ends in an error that nobody foresaw."""

from __future__ import annotations

import asyncio
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from released.api.hub import answering
from releasepb.v1 import releases_pb2 as pb
from releasepb.v1 import releases_pb2_grpc as rpc

SECRET = "s3cret-of-dotenv"  # noqa: S105 (made up, and to be found nowhere)


class _Broken(rpc.EnvironmentsServicer):
    async def GetVersion(self, request: pb.GetVersionRequest, context: Any) -> pb.Version:  # noqa: ANN401, ARG002, N802 (gRPC's interface)
        async with answering(context):
            raise ValueError(f"{SECRET!r} cannot be understood")


async def _ask_broken_daemon() -> grpc.aio.AioRpcError:
    server = grpc.aio.server()
    rpc.add_EnvironmentsServicer_to_server(_Broken(), server)  # type: ignore[abstract] # one request is enough
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            with pytest.raises(grpc.aio.AioRpcError) as raised:
                await rpc.EnvironmentsStub(channel).GetVersion(pb.GetVersionRequest())
    finally:
        await server.stop(None)
    return raised.value


def test_an_unforeseen_error_is_answered_with_a_sentence_and_a_code_and_its_text_is_left_to_the_log() -> None:
    error: Any = asyncio.run(_ask_broken_daemon())

    info = error_details_pb2.ErrorInfo()
    assert any(detail.Unpack(info) for detail in rpc_status.from_call(error).details)
    assert (error.code(), info.reason) == (grpc.StatusCode.INTERNAL, "internal_error")
    assert error.details() == ("The daemon met an unexpected ValueError, which is a defect of it; its log says where.")
