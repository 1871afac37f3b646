"""A stream of what happens to containers, which ends by itself at a deadline, or when it is interrupted."""

from __future__ import annotations

import time
from contextlib import contextmanager, suppress
from threading import Timer
from typing import TYPE_CHECKING, Any

from docker.errors import DockerException

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from docker import APIClient
    from docker.types.daemon import CancellableStream

    from released.adapters.interruption import Interruption

_EVENTS = ["start", "health_status", "die", "oom", "destroy"]


@contextmanager
def container_events(
    api: APIClient, container_ids: Sequence[str], timeout_s: float, interruption: Interruption
) -> Iterator[Iterator[dict[str, Any]]]:
    """Follow what the engine reports of these containers, for at most ``timeout_s`` seconds, or to the interruption.

    Whoever inspects a container inside the block misses nothing that happens after the inspection.
    """
    stream = _subscribe(api, container_ids)
    alarm = Timer(max(0.0, timeout_s), close_stream, (stream,))
    alarm.daemon = True
    alarm.start()
    try:
        with interruption.ending(lambda: close_stream(stream)):
            yield stream
    finally:
        alarm.cancel()
        alarm.join()
        close_stream(stream)


def _subscribe(api: APIClient, container_ids: Sequence[str]) -> CancellableStream[dict[str, Any]]:
    # The engine answers before it has subscribed us, so ask for the last two seconds again: an event seen
    # twice costs one inspection, a missed one costs the whole deadline.
    since = int(time.time()) - 1
    filters = {"type": ["container"], "container": list(container_ids), "event": _EVENTS}
    return api.events(since=since, filters=filters, decode=True)


def close_stream(stream: CancellableStream[Any]) -> None:
    """End a stream of the engine from any thread; one that has ended stays so."""
    # Closing a stream that has ended, or that the other thread just closed, is what we want anyway.
    with suppress(OSError, AttributeError, DockerException):
        stream.close()
