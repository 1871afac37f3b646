"""A daemon of another version, as far as a client can tell: what it answers comes from the real one, and a bit more."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import grpc

from released.api.services import METHODS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

UNKNOWN_FIELD = b"\xfa\x3f\x03new"
"""Field 1023, of a kind that any version can skip."""
_STREAMS = {f"/{method.containing_service.full_name}/{method.name}": method.server_streaming for method in METHODS}


class _Relay(grpc.GenericRpcHandler):
    def __init__(self, channel: grpc.Channel, added: bytes, *, forgotten: str) -> None:
        self._channel = channel
        self._added = added
        self._forgotten = forgotten

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> Any:  # noqa: ANN401 (of any messages)
        method = handler_call_details.method
        if method.endswith(f"/{self._forgotten}"):
            return None
        if _STREAMS[method]:
            return grpc.unary_stream_rpc_method_handler(self._stream(self._channel.unary_stream(method, bytes, bytes)))
        return grpc.unary_unary_rpc_method_handler(self._answer(self._channel.unary_unary(method, bytes, bytes)))

    def _answer(self, call: Callable[[bytes], bytes]) -> Callable[[bytes, grpc.ServicerContext], bytes]:
        return lambda request, _: call(request) + self._added

    def _stream(self, call: Any) -> Callable[[bytes, grpc.ServicerContext], Iterator[bytes]]:  # noqa: ANN401 (bytes)
        return lambda request, _: (item + self._added for item in call(request))


@contextmanager
def relayed(address: str, place: Path, *, added: bytes = b"", forgotten: str = "none") -> Iterator[str]:
    """Stand before a daemon; gives the address to call instead.

    Args:
        address: of the real one.
        place: where to listen.
        added: what each answer has behind what the real one says.
        forgotten: the name of a method that this daemon does not have yet.
    """
    with grpc.insecure_channel(address.replace("unix://", "unix:")) as channel:
        server = grpc.server(ThreadPoolExecutor(), handlers=[_Relay(channel, added, forgotten=forgotten)])
        server.add_insecure_port(f"unix:{place}")
        server.start()
        yield f"unix://{place}"
        server.stop(None).wait()
