"""Requests that are no message of ours, or ask for more than we know, are refused in a sentence.

gRPC itself would log a traceback for the first, and pass the second on without what a later client asked for.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from typing import Any, TypeAlias

import grpc
from google.protobuf.message import DecodeError, Message
from grpc_status import rpc_status

from released.api.status import rich_status
from released.domain.errors import InvalidInput
from released.version import VERSION
from releasepb.v1 import releases_pb2 as pb

Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"
Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"

_OURS = f"/{pb.DESCRIPTOR.package}."
_MALFORMED = InvalidInput(
    "request_malformed", "The request could not be read. Give client and daemon the same version, then try again."
)
_FROM_LATER_CLIENT = InvalidInput(
    "daemon_older",
    f"The client asks for something that this released, version {VERSION}, does not know, so nothing was done. Upgrade "
    "released to the version of the client (releasectl version shows both), or leave the new option out.",
)


class Decoding(grpc.aio.ServerInterceptor):
    """Answers a request that cannot be decoded, or not all of it, with INVALID_ARGUMENT."""

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


def _decoder(decode: Callable[[bytes], Message]) -> Callable[[bytes], Message | InvalidInput]:
    """Decode to an error what is not understood: here nobody can be answered yet."""

    def decoded(raw: bytes) -> Message | InvalidInput:
        try:
            message = decode(raw)
        except DecodeError:
            return _MALFORMED
        return _FROM_LATER_CLIENT if _says_more_than_we_know(message) else message

    return decoded


def _says_more_than_we_know(message: Message) -> bool:
    """Tell whether a message, or one within it, has fields that this version has no name for; they are taken out."""
    sent = message.ByteSize()
    message.DiscardUnknownFields()
    return message.ByteSize() != sent


def _answering(method: Callable[[Any, Context], Awaitable[Any]]) -> Callable[[Any, Context], Awaitable[Any]]:
    async def answered(request: Any, context: Context) -> Any:  # noqa: ANN401 (any message)
        await _refuse_unclear(request, context)
        return await method(request, context)

    return answered


def _streaming(
    method: Callable[[Any, Context], AsyncGenerator[Any, None]],
) -> Callable[[Any, Context], AsyncIterator[Any]]:
    async def streamed(request: Any, context: Context) -> AsyncIterator[Any]:  # noqa: ANN401 (any message)
        await _refuse_unclear(request, context)
        async with aclosing(method(request, context)) as answers:
            async for answer in answers:
                yield answer

    return streamed


async def _refuse_unclear(request: object, context: Context) -> None:
    if isinstance(request, InvalidInput):
        await context.abort_with_status(rpc_status.to_status(rich_status(request)))
