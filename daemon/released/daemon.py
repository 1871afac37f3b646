"""The running daemon: opens the store, takes the leases, recovers, serves, and hands over when it is told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import resource
import signal
import socket
import stat
from collections.abc import AsyncIterator, Iterator

from released.adapters.durability import make_folder
from released.adapters.webhook import Receiver
from released.api.hub import Hub
from released.api.server import Server
from released.domain.configuration import Configuration
from released.domain.errors import InUse, Refused
from released.engine import faults
from released.engine.courier import Courier
from released.engine.instruments import Instruments
from released.engine.ownership import SoleOwner
from released.engine.station import Station, open_station, open_world
from released.engine.supervisor import hand_over
from released.read_only_daemon import ReadOnlyDaemon
from released.sd_notify import beat, heartbeat_s, notify
from released.store.errors import ReadOnly
from released.store.event_store import Fence
from released.store.history import History
from released.store.projections import Follower, Projector
from released.store.release_list import ReleaseList
from released.store.sqlite import open_store
from released.version import VERSION

logger = logging.getLogger(__name__)

_HAND_OVER_S = 10.0
"""How long SIGTERM waits for the present steps of all environments; what runs under a shim goes on by itself."""
_LAST_ATTEMPT_S = 1.0
EXIT_FATAL = 70
_NOT_FOR_OTHERS = stat.S_IWGRP | stat.S_IWOTH


async def serve(configuration: Configuration) -> None:
    """Serve until SIGTERM, SIGINT or SIGHUP; while nothing can be recorded, only what is on record.

    Every other signal that ends a process ends this one as SIGKILL does: the next start recovers.

    Raises:
        SocketInUse: another daemon listens there.
        StoreUnusable: the record cannot be read either.
    """
    _allow_all_descriptors()
    _let_nobody_else_write()
    _leave_no_core()
    make_folder(configuration.state)
    make_folder(configuration.store.path.parent)
    stopped = _told_to_stop()
    async with _watched():
        while not stopped.is_set():
            try:
                # In threads: to look a great record through takes longer than a supervisor waits for a beat.
                daemon = await asyncio.to_thread(Daemon, configuration)
            except ReadOnly as reason:
                reader = await asyncio.to_thread(ReadOnlyDaemon, configuration, reason)
                await reader.serve(stopped)
            else:
                await daemon.serve(stopped)


class Daemon:
    """Everything that one process of released consists of.

    Raises:
        ReadOnly: nothing can be recorded.
        StoreUnusable: see ``open_store``.
    """

    def __init__(self, configuration: Configuration) -> None:
        self._configuration = configuration
        self._instruments = Instruments()
        self._store = open_store(configuration.store.url, _fail_stop, configuration.state)
        self._owners: dict[str, SoleOwner] = {}
        try:
            for name in configuration.environments:
                self._owners[name] = self._owner(name)
            self._stations = {name: self._station(name) for name in configuration.environments}
            self._courier = self._webhook()
        except BaseException:
            self._let_go()
            raise
        self._sound = [station for name, station in self._stations.items() if self._owners[name].older is None]
        """Those that are run; the record of the others is older than what was done, and is only shown."""
        self._projector = Projector(
            self._store,
            [ReleaseList(), History()],
            [follower for station in self._sound for follower in _followers(station)],
        )

    async def serve(self, stopped: asyncio.Event) -> None:
        """Serve until told to stop.

        Raises:
            SocketInUse: another daemon listens there.
        """
        hub = Hub.over(self._configuration, self._store, self._stations, self._projector, self._courier)
        server = Server(hub, self._configuration.listen)
        for station in self._sound:
            await hub.blocking(station.files.clean_up)
        self._projector.start()
        await server.start()
        for station in self._sound:
            await hub.blocking(station.files.restore_missing)
            station.supervisor.start()
            station.watchdog.start()
            station.hook_runner.start()
        if self._courier is not None:
            self._courier.start()
        notify(f"READY=1\nSTATUS=serves {', '.join(self._stations)}")
        logger.info("released %s serves %s", VERSION, ", ".join(self._stations))
        await stopped.wait()
        notify("STOPPING=1")
        await server.stop(1.0)
        await asyncio.to_thread(self._hand_over)  # not in a pool that requests may have taken up

    def _hand_over(self) -> None:
        """End between two steps where that is soon; else the next daemon recovers the step."""
        for station in self._stations.values():
            station.hook_runner.stop()
            station.watchdog.stop()
        for name in hand_over({station.name: station.supervisor for station in self._stations.values()}, _HAND_OVER_S):
            logger.warning("%s: stopped in the middle of a step; the next start recovers it", name)
        if self._courier is not None:
            self._courier.stop(_LAST_ATTEMPT_S)
        self._projector.stop()
        self._let_go()

    def _let_go(self) -> None:
        """Let another daemon have the record and the environments: perhaps this process, once there is space."""
        self._store.close()
        for owner in self._owners.values():
            owner.close()

    def _webhook(self) -> Courier | None:
        webhook = self._configuration.webhook
        if webhook is None:
            return None
        receiver = Receiver(webhook.url, webhook.secret_file)
        masks = {station.name: station.world.mask for station in self._stations.values()}
        return Courier(self._store, receiver, masks, self._instruments, faults.from_environment())

    def _owner(self, name: str) -> SoleOwner:
        """Own an environment before anything is done for it; what is not there yet is owned when it comes."""
        settings = self._configuration.environments[name]
        world = open_world(name, settings, self._configuration.state)
        owner = SoleOwner(world, self._store, self._instruments, _fail_stop)
        try:
            owner.affirm()
        except InUse:
            raise
        except Refused as refused:
            logger.error("%s: %s", name, refused)  # noqa: TRY400 (the sentence says all)
        return owner

    def _station(self, name: str) -> Station:
        owner, instruments = self._owners[name], self._instruments
        fence = self._lease(owner)
        return open_station(owner.world, owner, self._store, fence, instruments, faults.from_environment(), _fail_stop)

    def _lease(self, owner: SoleOwner) -> Fence:
        """Take the lease of an environment; none where its record is older, so that nothing is put on top of that."""
        name, instruments = owner.world.name, self._instruments
        if owner.older is not None:
            return Fence.of_nobody(name)
        fence = self._store.take_lease(
            name, socket.gethostname(), os.getpid(), instruments.boot_id, VERSION, instruments.now(), instruments.actor
        )
        try:
            owner.bear_witness(f"epoch {fence.epoch} began")
        except Refused as refused:
            logger.warning("%s: %s", name, refused)
        return fence


@contextlib.asynccontextmanager
async def _watched() -> AsyncIterator[None]:
    """Tell the supervisor regularly that the daemon is alive, where it asked for that."""
    interval_s = heartbeat_s(os.environ, os.getpid())
    beating = asyncio.create_task(beat(interval_s)) if interval_s else None
    yield
    if beating is not None:
        beating.cancel()


def _told_to_stop() -> asyncio.Event:
    """Give what is set once a signal tells the daemon to stop."""
    stopped = asyncio.Event()
    for number in _heeded():
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    return stopped


def _allow_all_descriptors() -> None:
    """Raise the soft limit of open files to the hard one: each connection takes three."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _leave_no_core() -> None:
    """Have a crash leave no image of our memory, and of what we start: it holds secrets. A command may ask for one."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))


def _let_nobody_else_write() -> None:
    """Have what we and our scripts make be written by nobody else, whatever we were started with."""
    os.umask(os.umask(_NOT_FOR_OTHERS) | _NOT_FOR_OTHERS)


def _heeded() -> Iterator[signal.Signals]:
    """List the signals after which the daemon hands over and ends; nohup(1) has the end of a terminal ignored."""
    yield from (signal.SIGTERM, signal.SIGINT)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        yield signal.SIGHUP


def _fail_stop(error: BaseException) -> None:
    """End at once: what the store holds is only known once it was opened anew, so nothing may go on (design: store)."""
    logger.critical("released ends: %s", error, exc_info=error)
    os._exit(EXIT_FATAL)


def _followers(station: Station) -> tuple[Follower, ...]:
    """Give what is kept outside the record by its events: files that operators read, and anchors."""
    return Follower(f"files/{station.name}", station.files), Follower(f"anchors/{station.name}", station.anchors)
