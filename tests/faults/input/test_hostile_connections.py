"""Connections that speak HTTP/2 badly, too much or hardly at all: the daemon lives, and serves whoever comes next."""

from __future__ import annotations

import random
import re
import resource
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import grpc
import pytest

from releasepb.v1 import releases_pb2 as pb
from releasepb.v1 import releases_pb2_grpc as rpc
from support import http2
from support.bare_environment import BareEnvironment
from support.daemon_process import PATIENCE_S

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from support.evidence import Evidence

MIB = 1 << 20
MOST_MEMORY_KIB = 128 * 1024
"""How much more the daemon may hold after a storm: buffers of connections that are gone are given back late."""
_SEED = 20261127
_GREETED = http2.PREFACE + http2.frame(http2.SETTINGS)
_NO_WINDOW = b"\0\x04\0\0\0\0"
"""SETTINGS_INITIAL_WINDOW_SIZE of 0: nothing may be answered."""
_METHOD = "/released.v1.Environments/GetVersion"


@pytest.fixture(scope="module", name="environment")
def _environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BareEnvironment]:
    with BareEnvironment(tmp_path_factory.mktemp("environment")) as environment:
        yield environment


@pytest.fixture(name="served")
def _served(environment: BareEnvironment) -> Iterator[BareEnvironment]:
    """Give an environment; whatever a test does to its daemon, that lives on, holds no more, and serves."""
    assert environment.client("version").returncode == 0
    before = _memory_kib(environment)
    yield environment
    assert environment.client("version").returncode == 0
    assert environment.daemon.process.poll() is None
    assert _memory_kib(environment) - before < MOST_MEMORY_KIB


def _memory_kib(environment: BareEnvironment) -> int:
    status = Path(f"/proc/{environment.daemon.process.pid}/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    assert found
    return int(found[1])


def _calls(number: int, after_each: Callable[[int], bytes]) -> bytes:
    """Begin so many calls on one connection."""
    headers = http2.call_headers(_METHOD)
    return _GREETED + b"".join(
        http2.frame(http2.HEADERS, stream, headers, http2.END_HEADERS) + after_each(stream)
        for stream in range(1, 2 * number, 2)
    )


def _reset(stream: int) -> bytes:
    return http2.frame(http2.RST_STREAM, stream, http2.CANCEL.to_bytes(4, "big"))


def _unending_headers() -> bytes:
    """Begin a header block that has no end, as in floods of CONTINUATION."""
    piece = b"\0\x01x\x7f\x00" + b"v" * 127
    return _GREETED + http2.frame(http2.HEADERS, 1, piece) + http2.frame(http2.CONTINUATION, 1, piece * 100) * 500


STORMS: dict[str, bytes] = {
    "calls that are begun and reset": _calls(20_000, _reset),
    "calls that are begun and left": _calls(20_000, lambda _: b""),
    "going away": _GREETED + http2.frame(http2.GOAWAY, 0, b"\0" * 8) * 50_000,
    "pings": _GREETED + http2.frame(http2.PING, 0, b"\0" * 8) * 50_000,
    "settings": _GREETED + http2.frame(http2.SETTINGS) * 50_000,
    "empty data": _calls(1, lambda stream: http2.frame(http2.DATA, stream) * 50_000),
    "windows that overflow": _GREETED + http2.frame(http2.WINDOW_UPDATE, 0, b"\x7f\xff\xff\xff") * 1000,
    "headers without an end": _unending_headers(),
    "a window of nothing": http2.PREFACE
    + http2.frame(http2.SETTINGS, 0, b"\0\x04\0\0\0\0")
    + _calls(1000, lambda _: b""),
    "one long frame": _GREETED + http2.frame(http2.DATA, 1, b"\0" * (16 * MIB - 1)),
    "another protocol": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" * 10_000,
}
"""What is sent over one connection, several times at once."""


def test_a_request_or_metadata_that_are_too_large_are_refused(served: BareEnvironment, evidence: Evidence) -> None:
    """Row 53: a message of 2 MiB and metadata of 64 KiB."""
    with grpc.insecure_channel(served.address.replace("unix://", "unix:")) as channel:
        environments = rpc.EnvironmentsStub(channel)
        with pytest.raises(grpc.RpcError) as message:
            environments.Hold(pb.HoldRequest(reason="x" * 2 * MIB, request_id="too-large"))
        with pytest.raises(grpc.RpcError) as metadata:
            environments.GetVersion(pb.GetVersionRequest(), metadata=(("key", "v" * 65536),))

    assert [error.value.code() for error in (message, metadata)] == [grpc.StatusCode.RESOURCE_EXHAUSTED] * 2
    evidence.fired(2)


@pytest.mark.tier1
@pytest.mark.parametrize("storm", STORMS)
def test_a_storm_over_a_connection_leaves_the_daemon_serving(
    served: BareEnvironment, storm: str, evidence: Evidence
) -> None:
    """Row 53: frames that are sound one by one, and too many, too long or without an end."""
    _note([http2.say(served.address, STORMS[storm], PATIENCE_S) for _ in range(3)], evidence)


@pytest.mark.tier1
def test_garbage_over_many_connections_leaves_the_daemon_serving(served: BareEnvironment, evidence: Evidence) -> None:
    """Row 53: random bytes, and random frames after a sound beginning."""
    chance = random.Random(_SEED)  # noqa: S311 (garbage, not a secret)
    evidence.seed(_SEED)
    taken = []
    for _ in range(3000):
        with http2.connect(served.address, PATIENCE_S) as connection:
            taken.append(http2.send(connection, _garbage(chance)))

    _note(taken, evidence)


def _note(taken: Sequence[int], evidence: Evidence) -> None:
    """Note over how many connections anything was taken, of those that took so many bytes each."""
    hostile = sum(map(bool, taken))
    evidence.fired(hostile)
    evidence.add(hostile_connections=hostile)


def _garbage(chance: random.Random) -> bytes:
    if chance.random() < 0.3:
        return chance.randbytes(chance.randint(1, 3000))
    frames = (_any_frame(chance) for _ in range(chance.randint(1, 20)))
    return http2.PREFACE + b"".join(frames)


def _any_frame(chance: random.Random) -> bytes:
    kind, stream = chance.randint(0, 11), chance.choice([0, 1, 3, 5, 2**31 - 1])
    return http2.frame(kind, stream, chance.randbytes(chance.randint(0, 200)), chance.randint(0, 255))


@pytest.fixture(name="many")
def _many() -> Iterator[int]:
    """Give how many connections this process can hold, which may have the descriptors for it."""
    many = 3000
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < many + 1000:
        pytest.skip(f"{many} connections need more than the {hard} descriptors that a process may have here")
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield many
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.tier1
def test_thousands_who_connect_and_say_little_keep_nobody_out_once_they_are_gone(
    served: BareEnvironment, many: int, evidence: Evidence
) -> None:
    """Row 53: idle connections, and some that stop in the middle of their first bytes."""
    taken = []
    with ExitStack() as held:
        for number in range(many):
            connection = held.enter_context(http2.connect(served.address, PATIENCE_S))
            taken.append(http2.send(connection, http2.PREFACE[: number % len(http2.PREFACE)]))

    _note(taken, evidence)


@pytest.mark.tier1
def test_a_daemon_out_of_descriptors_serves_again_once_there_are_some(
    served: BareEnvironment, evidence: Evidence
) -> None:
    """Row 53: as many connections as there are descriptors left, and more."""
    pid = served.daemon.process.pid
    limits = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (128, limits[1]))
    taken = []
    with ExitStack() as held:
        held.callback(resource.prlimit, pid, resource.RLIMIT_NOFILE, limits)
        for _ in range(200):
            connection = held.enter_context(http2.connect(served.address, PATIENCE_S))
            taken.append(http2.send(connection, _GREETED))
        served.client("--timeout", "2s", "version")

    _note(taken, evidence)
    assert "Too many open files" in served.daemon.log
