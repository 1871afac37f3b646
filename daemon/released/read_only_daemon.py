"""The daemon while nothing can be recorded: it shows what is on record, refuses all else, and says why."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import NoReturn

from released.api.hub import Hub
from released.api.server import Server
from released.domain.configuration import Configuration
from released.engine import faults
from released.engine.instruments import Instruments
from released.engine.ownership import SoleOwner
from released.engine.station import open_station, open_world
from released.sd_notify import notify
from released.store.errors import ReadOnly
from released.store.event_store import Fence
from released.store.history import History
from released.store.projections import Projector
from released.store.read_only import ReadOnlyStore
from released.store.release_list import ReleaseList
from released.version import VERSION

logger = logging.getLogger(__name__)

_LOOK_AGAIN_S = 2.0


class ReadOnlyDaemon:
    """Stations that nobody runs, over a store that is only read.

    Args:
        configuration: of the daemon.
        reason: why nothing can be recorded.

    Raises:
        StoreUnusable: the record cannot be read either.
    """

    def __init__(self, configuration: Configuration, reason: ReadOnly) -> None:
        self._reason = reason
        self._listen = configuration.listen
        self._store = ReadOnlyStore(configuration.store.path, reason)
        instruments = Instruments()
        stations = {
            name: open_station(
                world := open_world(name, settings, configuration.state),
                SoleOwner(world, self._store, instruments, _unexpected),  # owns nothing: no command comes that far
                self._store,
                Fence.of_nobody(name),
                instruments,
                faults.from_environment(),
                _unexpected,
            )
            for name, settings in configuration.environments.items()
        }
        self._hub = Hub.over(configuration, self._store, stations, Projector(self._store, [ReleaseList(), History()]))

    async def serve(self, stopped: asyncio.Event) -> None:
        """Serve until told to stop, or until what stands in the way is over.

        Raises:
            SocketInUse: another daemon listens there.
        """
        server = Server(self._hub, self._listen)
        await server.start()
        notify(f"READY=1\nSTATUS=read-only: {self._reason.why}")
        logger.error("released %s is read-only: %s", VERSION, self._reason.why)
        while not stopped.is_set() and not await asyncio.to_thread(self._reason.is_over):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_AGAIN_S):
                    await stopped.wait()
        await server.stop(1.0)
        self._hub.close()
        self._store.close()


def _unexpected(error: BaseException) -> NoReturn:
    """Nothing runs here that could fail for good."""
    raise error
