"""Lets commands wait for an environment that a release occupies, in the order in which they came."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from released.api.hub import Hub, News
from released.engine.station import Station

_LOOK_AGAIN_S = 1.0
"""How soon it is seen that somebody in front left without a commit."""


class WaitingLine:
    """The line in front of one environment; it lives as long as the daemon, and who waits asks anew after that."""

    def __init__(self) -> None:
        self._line: list[object] = []

    @contextlib.asynccontextmanager
    async def turn(self, hub: Hub, station: Station, wait_s: float) -> AsyncIterator[None]:
        """Wait until the environment is free and nobody came earlier, or the time is over; then act inside."""
        place = object()
        self._line.append(place)
        news = News(station.store)
        try:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wait(hub, station, place, news), wait_s)
            yield
        finally:
            news.close()
            self._line.remove(place)

    async def _wait(self, hub: Hub, station: Station, place: object, news: News) -> None:
        while self._line[0] is not place or (await hub.blocking(station.environment)).lock is not None:
            await news.wait(_LOOK_AGAIN_S)
