"""What the containers of a service print, followed over their restarts, secrets masked."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from functools import partial
from itertools import groupby

from released.adapters.docker.container_log import ContainerLog
from released.api.gathering import Gathering
from released.api.hub import Hub
from released.domain.errors import NotFound
from released.domain.releases.plan import ServicePlan
from released.engine.station import Station
from releasepb.v1 import releases_pb2 as pb

_TAIL_LINES = 100
_SHOWN_CHARACTERS = 64 * 1024
"""Less than the longest line that is read, so that a secret at the end is masked as a whole before it is cut."""
_CUT = "… [released: line cut]"

Line = tuple[str, bytes]
"""The container, and what it printed."""


async def read_logs(
    hub: Hub, station: Station, request: pb.ReadServiceLogsRequest
) -> AsyncIterator[pb.ServiceLogChunk]:
    """Read what a service's containers print, and follow it where that is asked for.

    Raises:
        NotFound: there is no such service, or, where nothing is followed, it has no container.
    """
    logs = await hub.blocking(lambda: _logs(station, request))
    gathering = Gathering([_lines(log, follow=request.follow) for log in logs])
    try:
        async for batch in gathering.batches():
            for chunk in await hub.blocking(partial(_chunks, batch, station.world.mask)):
                yield chunk
    finally:
        gathering.abandon()
        for log in logs:
            log.close()


def _logs(station: Station, request: pb.ReadServiceLogsRequest) -> list[ContainerLog]:
    service = next((one for one in station.services() if one.name == request.name), None)
    if service is None:
        raise NotFound("service_unknown", f"The ops repo has no service {request.name!r} at the present commit.")
    names = _names(station, service, follow=request.follow)
    return [station.world.engine.log(name, request.tail_lines or _TAIL_LINES) for name in names]


def _names(station: Station, service: ServicePlan, *, follow: bool) -> list[str]:
    """Name the containers that are read; one that is missing can only be waited for."""
    engine = station.world.engine
    names = [one.name for one in service.containers if follow or engine.container(one.name)]
    if not names:
        raise NotFound("container_unknown", f"No container of {service.name} exists, so it has no log.")
    return names


def _lines(log: ContainerLog, *, follow: bool) -> Iterator[Line]:
    for line in log.lines(follow=follow):
        yield log.name, line


def _chunks(lines: Sequence[Line], mask: Callable[[str], str]) -> list[pb.ServiceLogChunk]:
    """Mask lines and put together those that come from one container in a row."""
    groups = groupby(lines, key=lambda line: line[0])
    return [_chunk(container, b"".join(data for _, data in group), mask) for container, group in groups]


def _chunk(container: str, data: bytes, mask: Callable[[str], str]) -> pb.ServiceLogChunk:
    masked = mask(data.decode("utf-8", "surrogateescape"))
    shown = "".join(map(_cut, masked.splitlines(keepends=True)))
    return pb.ServiceLogChunk(container=container, untrusted_data=shown.encode("utf-8", "surrogateescape"))


def _cut(line: str) -> str:
    return line if len(line) <= _SHOWN_CHARACTERS else f"{line[:_SHOWN_CHARACTERS]}{_CUT}\n"
