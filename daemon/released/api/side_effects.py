"""Refuses, while nothing can be recorded, every call that could change something, before it looks at the world.

Which calls are free of side effects is part of the API: its description marks them (``idempotency_level``).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

import grpc
from google.protobuf.descriptor_pb2 import MethodOptions
from grpc_status import rpc_status

from released.api.hub import Hub
from released.api.services import METHODS
from released.api.status import rich_status
from released.store.errors import ReadOnly
from released.store.exported_copy import is_copy

_Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"


class SideEffects(grpc.aio.ServerInterceptor):
    """Lets calls pass, or refuses them."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[_Handler | None]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> _Handler | None:
        """Give the handler of a call."""
        method = handler_call_details.method
        if method in _WITH_SIDE_EFFECTS or (method in _OF_THE_HOST and is_copy(self._hub.store)):
            reason = await self._hub.blocking(lambda: self._hub.store.read_only)
            if reason is not None:
                return _refusal(reason)
        return await continuation(handler_call_details)


def _refusal(reason: ReadOnly) -> _Handler:
    async def refuse(_request: object, context: grpc.aio.ServicerContext[Any, Any]) -> None:
        await context.abort_with_status(rpc_status.to_status(rich_status(reason)))

    return grpc.unary_unary_rpc_method_handler(refuse)


_WITH_SIDE_EFFECTS = frozenset(
    f"/{method.containing_service.full_name}/{method.name}"
    for method in METHODS
    if method.GetOptions().idempotency_level != MethodOptions.NO_SIDE_EFFECTS
)

_OF_THE_HOST = frozenset(
    f"/{method.containing_service.full_name}/{method.name}"
    for method in METHODS
    if method.name in ("CheckEnvironment", "GetDrift", "ReadServiceLogs")
)
"""Calls that look at engine and checkout: of a copy of a record these are somebody else's."""
