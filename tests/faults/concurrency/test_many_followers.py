"""A thousand clients that follow one release: some read, some do not, some vanish."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import grpc
import pytest

from releasepb.v1 import releases_pb2 as pb
from releasepb.v1 import releases_pb2_grpc as rpc
from support.daemon_process import PATIENCE_S
from support.older_record import TICKET, OlderRecord

if TYPE_CHECKING:
    from support.evidence import Evidence

CHANNELS, STREAMS = 10, 100
_NO_ROOM = ("FAILED_PRECONDITION", "RESOURCE_EXHAUSTED")
"""What those hear for whom there is no room: too many follow, or too many calls are under way."""
MOST_MIB = 300
"""By how much a thousand streams may let the daemon grow; about a tenth of a MiB each is seen."""

pytestmark = [pytest.mark.tier1, pytest.mark.timeout(300)]


def test_a_thousand_followers_do_not_hold_a_release_up(tmp_path: Path, evidence: Evidence) -> None:
    """Row 42: the release ends well, the daemon answers others, and its memory stays bounded."""
    story = OlderRecord(tmp_path / "home")
    with story.environment as environment:
        story.begin()
        before = _resident_mib(environment.daemon.process.pid)

        followed, refused = asyncio.run(_followed(environment.address, story))

        evidence.fired(followed + refused)
        grown = _resident_mib(environment.daemon.process.pid) - before
        assert (followed > 0, followed + refused) == (True, CHANNELS * STREAMS)
        assert environment.client("version").returncode == 0
        assert environment.client("watch", TICKET).returncode == 0
        assert story.traces == 1
        assert grown < MOST_MIB, f"{grown} MiB"


async def _followed(address: str, story: OlderRecord) -> tuple[int, int]:
    """Follow with all, let the release end, and vanish; count who was admitted and who was told that there is no room.

    Each reads one item and then no more: what comes after that the daemon must keep for nobody.
    """
    target = address.replace("unix://", "unix:")
    channels = [grpc.aio.insecure_channel(target, [("grpc.use_local_subchannel_pool", 1)]) for _ in range(CHANNELS)]
    request = pb.WatchRequest(ticket=TICKET, with_output=True)
    streams = [rpc.ReleasesStub(channel).Watch(request) for channel in channels for _ in range(STREAMS)]
    answers = await asyncio.gather(*(_first(stream) for stream in streams))
    await asyncio.to_thread(story.await_second)  # nobody else can follow it yet: there is no room
    for channel in channels:
        await channel.close()  # without a word to the streams
    return answers.count("followed"), sum(one in _NO_ROOM for one in answers)


async def _first(stream: grpc.aio.UnaryStreamCall[pb.WatchRequest, pb.WatchItem]) -> str:
    try:
        async with asyncio.timeout(PATIENCE_S):
            item = await stream.read()
    except grpc.aio.AioRpcError as error:
        return error.code().name
    assert isinstance(item, pb.WatchItem)
    return "followed"


def _resident_mib(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:")) // 1024
