"""Requests that are no message of ours are told so; gRPC itself would log a traceback, and call it unknown."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from typing import Any, TypeAlias

import grpc
from google.protobuf.message import DecodeError
from grpc_status import rpc_status

from released.api.status import rich_status
from released.domain.errors import InvalidInput
from releasepb.v1 import releases_pb2 as pb

Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"
Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"

_OURS = f"/{pb.DESCRIPTOR.package}."
_MALFORMED = InvalidInput(
    "request_malformed", "The request could not be read. Give client and daemon the same version, then try again."
)


class Decoding(grpc.aio.ServerInterceptor):
    """Answers a request that cannot be decoded with INVALID_ARGUMENT."""

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Handler | None]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Handler | None:
        """Put ourselves between gRPC and a method of ours; each takes one request."""
        handler: Any = await continuation(handler_call_details)
        if handler is None or not handler_call_details.method.startswith(_OURS):
            return handler  # type: ignore[no-any-return]
        decode = _decoder(handler.request_deserializer)
        if handler.response_streaming:
            return grpc.unary_stream_rpc_method_handler(
                _streaming(handler.unary_stream), decode, handler.response_serializer
            )
        return grpc.unary_unary_rpc_method_handler(_answering(handler.unary_unary), decode, handler.response_serializer)


def _decoder(decode: Callable[[bytes], Any]) -> Callable[[bytes], Any]:
    """Decode to ``None`` what cannot be decoded: here nobody can be answered yet."""

    def decoded(raw: bytes) -> Any:  # noqa: ANN401 (any message)
        try:
            return decode(raw)
        except DecodeError:
            return None

    return decoded


def _answering(method: Callable[[Any, Context], Awaitable[Any]]) -> Callable[[Any, Context], Awaitable[Any]]:
    async def answered(request: Any, context: Context) -> Any:  # noqa: ANN401 (any message)
        await _refuse_malformed(request, context)
        return await method(request, context)

    return answered


def _streaming(
    method: Callable[[Any, Context], AsyncGenerator[Any, None]],
) -> Callable[[Any, Context], AsyncIterator[Any]]:
    async def streamed(request: Any, context: Context) -> AsyncIterator[Any]:  # noqa: ANN401 (any message)
        await _refuse_malformed(request, context)
        async with aclosing(method(request, context)) as answers:
            async for answer in answers:
                yield answer

    return streamed


async def _refuse_malformed(request: object, context: Context) -> None:
    if request is None:
        await context.abort_with_status(rpc_status.to_status(rich_status(_MALFORMED)))
