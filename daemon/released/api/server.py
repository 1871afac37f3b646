"""The gRPC server behind its public sockets: starts, stops, and stops twice."""

from __future__ import annotations

from collections.abc import Sequence

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_health.v1._async import HealthServicer
from grpc_reflection.v1alpha import reflection

from released.api.decoding import Decoding
from released.api.environments import Environments
from released.api.front import Front, own_private_folder
from released.api.history import History
from released.api.hub import Hub
from released.api.playbooks import Playbooks
from released.api.releases import Releases
from released.api.services import SERVICES
from released.api.side_effects import SideEffects
from released.api.waiting_line import WaitingLine
from released.api.webhooks import Webhooks
from released.domain.configuration import Listener
from releasepb.v1 import history_pb2_grpc as history_rpc
from releasepb.v1 import releases_pb2_grpc as rpc

_OPTIONS = (
    ("grpc.max_receive_message_length", 1 << 20),
    ("grpc.max_metadata_size", 16 << 10),
    ("grpc.so_reuseport", 0),
)
_CONCURRENT_CALLS = 1000


class Server:
    """Serves the API."""

    def __init__(self, hub: Hub, listeners: Sequence[Listener]) -> None:
        self._hub = hub
        self._inner = listeners[0].inner
        self._fronts = [Front(listener, self._inner) for listener in listeners]
        self._health = HealthServicer()
        self._grpc = grpc.aio.server(
            interceptors=[SideEffects(hub), Decoding()],
            options=_OPTIONS,
            maximum_concurrent_rpcs=_CONCURRENT_CALLS,
        )

    async def start(self) -> None:
        """Serve.

        Raises:
            SocketInUse: another daemon listens there, or somebody else may enter the private socket's folder.
            UnknownGroup: this host lacks the group that is to use the socket.
        """
        for front in self._fronts:
            front.claim()
        lines = {name: WaitingLine(station) for name, station in self._hub.stations.items()}
        rpc.add_ReleasesServicer_to_server(Releases(self._hub, lines), self._grpc)
        rpc.add_EnvironmentsServicer_to_server(Environments(self._hub, lines), self._grpc)
        rpc.add_PlaybooksServicer_to_server(Playbooks(self._hub), self._grpc)
        rpc.add_WebhooksServicer_to_server(Webhooks(self._hub), self._grpc)
        history_rpc.add_HistoryServicer_to_server(History(self._hub), self._grpc)
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._grpc)
        names = [service.full_name for service in SERVICES]
        reflection.enable_server_reflection((*names, health.SERVICE_NAME, reflection.SERVICE_NAME), self._grpc)
        own_private_folder(self._inner.parent)
        self._grpc.add_insecure_port(f"unix:{self._inner}")
        await self._grpc.start()
        for front in self._fronts:
            await front.start()
        health_now = health_pb2.HealthCheckResponse
        status = health_now.NOT_SERVING if self._hub.store.read_only else health_now.SERVING
        for name in ("", *names):
            await self._health.set(name, status)

    async def stop(self, grace_s: float) -> None:
        """Take no more calls, let those under way end within the grace, then let go of the sockets."""
        await self._health.enter_graceful_shutdown()
        await self._grpc.stop(grace_s)
        for front in self._fronts:
            await front.stop()
        self._inner.unlink(missing_ok=True)
