"""Lets runs wait for an environment that is occupied, in the order in which they came.

The line lives as long as the daemon. A client that loses its daemon lines up again with the next one.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass

from released.api.hub import Hub, News
from released.domain import commands as cmd
from released.domain.errors import Refused
from released.domain.events import Actor
from released.engine.station import Station

_PLACES = 32
"""Each takes a connection of the daemon's."""
_LONG_S = 60.0


@dataclass(eq=False)
class Waiter:
    """Somebody in the line."""

    ticket: str
    by: str
    since: dt.datetime
    news: News
    """What may have brought the turn nearer."""
    has_turn: bool = False


class WaitingLine:
    """The line in front of one environment."""

    def __init__(self, station: Station) -> None:
        self._station = station
        self._line: list[Waiter] = []

    @property
    def waiting(self) -> tuple[Waiter, ...]:
        """Who waits, the next one first."""
        return tuple(waiter for waiter in self._line if not waiter.has_turn)

    @contextlib.asynccontextmanager
    async def turn(self, hub: Hub, command: cmd.StartRun, caller: Actor, wait_s: float) -> AsyncIterator[None]:
        """Wait until the environment is free and nobody came earlier, or the time is over; then act inside.

        Whoever leaves, even by its client's death, makes room for the next.

        Raises:
            Refused: ``line_full``.
        """
        waiter = self._lined_up(command, caller)
        try:
            if not await hub.blocking(lambda: self._station.desk.is_in_vain(command)):
                await self._await_turn(hub, waiter, wait_s)
            waiter.has_turn = True
            yield
        finally:
            self._leave(waiter)

    def _lined_up(self, command: cmd.StartRun, caller: Actor) -> Waiter:
        if len(self._line) >= _PLACES:
            raise Refused(
                "line_full",
                f"{_PLACES} runs wait for {self._station.name} already, and that is as many as may. Try again once "
                "some of them are through.",
            )
        waiter = Waiter(command.ticket, caller.name, dt.datetime.now(dt.UTC), News(self._station.store))
        self._line.append(waiter)
        return waiter

    async def _await_turn(self, hub: Hub, waiter: Waiter, wait_s: float) -> None:
        """Return for the first in line once the environment is free, and for anybody whom only a refusal awaits.

        Who is not first and out of time while the environment is free lets those in front begin: they came earlier.
        """
        until = time.monotonic() + wait_s
        while True:
            is_first, left_s = self._line[0] is waiter, until - time.monotonic()
            if is_first or left_s <= 0:
                is_free = (await hub.blocking(self._station.environment)).is_free
                if is_first if is_free else left_s <= 0:
                    return
            await waiter.news.wait(left_s if left_s > 0 else _LONG_S)

    def _leave(self, waiter: Waiter) -> None:
        waiter.news.close()
        self._line.remove(waiter)
        for other in self._line:
            other.news.wake()
