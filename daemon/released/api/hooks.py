"""Following a hook that was run by hand: what it printed so far, then what it prints, and how it ended."""

from __future__ import annotations

from collections.abc import AsyncIterator

from released.api import convert
from released.api.hub import Hub, News
from released.domain import events as ev
from released.engine.station import Station
from released.store.outputs import read_output
from releasepb.v1 import releases_pb2 as pb

_OUTPUT_PAUSE_S = 0.25
"""How often the output is looked at while somebody watches."""
_CHUNK = 65536


async def follow_hook(hub: Hub, station: Station, started: ev.ByHand) -> AsyncIterator[pb.HookItem]:
    """Give the output of a hook from its beginning, and its end."""
    news, file, offset = News(station.store), station.hook_runner.output_of(started), 0
    try:
        while True:
            ended = await hub.blocking(lambda: station.hooks.ended(started))  # before its output, which is whole then
            while data := read_output(file, offset, _CHUNK):
                yield pb.HookItem(output=_chunk(started, data, offset))
                offset += len(data)
            if ended is not None:
                yield pb.HookItem(end=convert.hook_end(started, ended))
                return
            await news.wait(_OUTPUT_PAUSE_S)
    finally:
        news.close()


def _chunk(started: ev.ByHand, data: bytes, offset: int) -> pb.OutputChunk:
    name = started.executable.name if isinstance(started, ev.HookStarted) else started.playbook
    return pb.OutputChunk(step=name, attempt=1, untrusted_data=data, offset=offset)
