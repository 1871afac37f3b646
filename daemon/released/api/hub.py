"""What every servicer needs: the stations by name, threads for blocking work, and news of commits."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TypeVar

import grpc
from grpc_status import rpc_status

from released.api.followers import Followers
from released.api.identity import actor_of
from released.api.masking import M, masked
from released.api.status import rich_status
from released.domain.configuration import Configuration
from released.domain.errors import InvalidInput, NotFound, Refused, ReleasedError
from released.domain.events import Actor
from released.engine.checkup.subject import Subject
from released.engine.courier import Courier
from released.engine.station import Station
from released.store.event_store import EventStore
from released.store.history import History
from released.store.projections import Projector
from released.store.release_list import ReleaseList

T = TypeVar("T")

_PROJECTION_S = 5.0
_THREADS = 32
_PATIENT_THREADS = 4

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Hub:
    """Shared by the servicers."""

    stations: Mapping[str, Station]
    store: EventStore
    projector: Projector
    threads: ThreadPoolExecutor
    """For reads."""
    configuration: Configuration
    patient: Mapping[str, ThreadPoolExecutor]
    """For looks at what may keep one waiting, a few threads for each station: engines, remotes, whole records."""
    desks: Mapping[str, ThreadPoolExecutor]
    """One thread for each station's desk, for commands that look at the world: one at a time, and a remote may keep it
    waiting. What the record alone decides needs none: whoever stops a release waits for nobody."""
    followers: Followers = field(default_factory=Followers)
    courier: Courier | None = None
    """Of the webhook, where one is configured."""

    @classmethod
    def over(
        cls,
        configuration: Configuration,
        store: EventStore,
        stations: Mapping[str, Station],
        projector: Projector,
        courier: Courier | None = None,
    ) -> Hub:
        """Put a hub over stations, with threads of its own."""
        return cls(
            stations=stations,
            store=store,
            projector=projector,
            threads=ThreadPoolExecutor(_THREADS, thread_name_prefix="api"),
            configuration=configuration,
            patient={
                name: ThreadPoolExecutor(_PATIENT_THREADS, thread_name_prefix=f"patient-{name}") for name in stations
            },
            desks={name: ThreadPoolExecutor(1, thread_name_prefix=f"desk-{name}") for name in stations},
            courier=courier,
        )

    def close(self) -> None:
        """Take no more work; what is under way ends by itself."""
        for pool in (self.threads, *self.patient.values(), *self.desks.values()):
            pool.shutdown(wait=False, cancel_futures=True)

    def station(self, name: str) -> Station:
        """Find the environment that a request means; it may be left out where there is only one.

        Raises:
            InvalidInput: none is named and there are several.
            NotFound: there is no such environment.
        """
        known = ", ".join(sorted(self.stations))
        if not name and len(self.stations) > 1:
            raise InvalidInput("environment_missing", f"This daemon serves {known}; name one with --env.")
        if name and name not in self.stations:
            raise NotFound("environment_unknown", f"There is no environment {name!r} here; this daemon serves {known}.")
        return self.stations[name or next(iter(self.stations))]

    async def blocking(self, work: Callable[[], T]) -> T:
        """Do blocking work that waits for nobody outside, in a thread."""
        return await asyncio.get_running_loop().run_in_executor(self.threads, work)

    async def patiently(self, station: Station, work: Callable[[], T]) -> T:
        """Do blocking work that may wait for somebody outside, in a thread that no read and no other station needs."""
        return await asyncio.get_running_loop().run_in_executor(self.patient[station.name], work)

    def subject(self, station: Station) -> Subject:
        """Name what is examined of an environment."""
        path, listeners = self.configuration.store.path, tuple(self.configuration.listen)
        return Subject(station.world, self.store, path, listeners, self.courier)

    async def masked(self, station: Station, request: M) -> M:
        """Hide the station's secrets in what a person typed."""
        return await self.blocking(lambda: masked(request, station.world.mask))

    async def followed(self, station: Station) -> None:
        """Wait until the present as it is derived from the log is up to date, or for as long as that is worth."""
        head = station.store.head()
        await self.blocking(lambda: self.projector.wait_for(head, _PROJECTION_S, without=(History.name,)))

    async def remembered(self, station: Station) -> None:
        """Wait until the tables of history are up to date.

        Raises:
            Refused: ``history_behind``: they are not; after an upgrade they are derived from the whole log.
        """
        if not await self.caught_up(station):
            message = (
                f"The tables of history stand behind event {station.store.head()} of the log, and catch up: "
                "try again in a moment."
            )
            raise Refused("history_behind", message)

    async def caught_up(self, station: Station) -> bool:
        """Wait until all that is derived is up to date, or for as long as that is worth; tell whether it is."""
        head = station.store.head()
        return await self.blocking(lambda: self.projector.wait_for(head, _PROJECTION_S))

    async def planned(self, station: Station, work: Callable[[], T]) -> T:
        """Have a station's desk take a command that asks the list of releases, once that is up to date.

        Raises:
            Refused: ``list_behind``: it is not; what is decided on half of it is wrong.
        """
        head, others = station.store.head(), self.projector.names - {ReleaseList.name}
        if not await self.blocking(lambda: self.projector.wait_for(head, _PROJECTION_S, without=others)):
            message = (
                f"The list of releases stands behind event {head} of the log, and catches up: try again in a moment."
            )
            raise Refused("list_behind", message)
        return await self.command(station, work)

    async def command(self, station: Station, work: Callable[[], T]) -> T:
        """Have a station's desk take a command that looks at the world; all else goes on meanwhile."""
        return await asyncio.get_running_loop().run_in_executor(self.desks[station.name], work)


def actor(context: grpc.aio.ServicerContext[object, object]) -> Actor:
    """Tell who calls."""
    return actor_of(context.peer())


@contextlib.asynccontextmanager
async def answering(context: grpc.aio.ServicerContext[object, object], ticket: str = "") -> AsyncIterator[None]:
    """Answer errors of ours with their rich status, and what nobody foresaw with a sentence.

    Args:
        context: of the call.
        ticket: whose record holds what is too long for an answer.
    """
    try:
        yield
    except ReleasedError as error:
        await context.abort_with_status(rpc_status.to_status(rich_status(error, ticket)))
    except Exception as error:
        logger.exception("a request could not be answered")
        # Its text is left to the log: it may quote anything, secrets too.
        message = f"The daemon met an unexpected {type(error).__name__}, which is a defect of it; its log says where."
        await context.abort_with_status(rpc_status.to_status(rich_status(ReleasedError("internal_error", message))))


class News:
    """Wakes a coroutine at each commit."""

    def __init__(self, store: EventStore) -> None:
        self._loop = asyncio.get_running_loop()
        self._event = asyncio.Event()
        self._unsubscribe = store.subscribe(self._announce)

    def close(self) -> None:
        """End the subscription."""
        self._unsubscribe()

    async def wait(self, timeout_s: float) -> None:
        """Return at the next commit since the last call, or when the time is over."""
        # Not asyncio.wait_for: before Python 3.12 it loses a cancellation that comes together with the news.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await self._event.wait()
        self._event.clear()

    def wake(self) -> None:
        """End a wait without a commit."""
        self._event.set()

    def _announce(self, _head: int) -> None:
        with contextlib.suppress(RuntimeError):  # the loop was closed: nobody waits any more
            self._loop.call_soon_threadsafe(self.wake)
