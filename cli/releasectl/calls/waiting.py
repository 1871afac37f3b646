"""Waits in line for an environment that is occupied, also over a restart of the daemon, which forgets its line."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterator

import grpc

from releasectl.calls.connection import READ_TIMEOUT_S, Connection, Method
from releasectl.settings import Settings
from releasectl.text.durations import format_duration
from releasectl.text.times import moment
from releasepb.v1 import releases_pb2 as pb


def in_line(connection: Connection, wait_s: float, settings: Settings) -> Method[pb.RunRequest, pb.Accepted]:
    """Give the call that opens a run after its turn; made again it waits only for what is left of the time.

    Args:
        connection: to the daemon.
        wait_s: how long it may wait, counted from now.
        settings: of the client, which is told who is waited for.
    """
    until = time.monotonic() + wait_s
    told: list[str] = []

    def call(request: pb.RunRequest, timeout: float | None = None) -> pb.Accepted:
        for sentence in _who_is_waited_for(connection, request.ticket, again=bool(told)):
            settings.say(sentence)
            told.append(sentence)
        request.lock_wait_s = max(until - time.monotonic(), 0.0)
        return connection.releases.Run(request, timeout=timeout)

    return call


def _who_is_waited_for(connection: Connection, ticket: str, *, again: bool) -> Iterator[str]:
    asked = pb.GetEnvironmentRequest(environment=connection.environment)
    try:
        place = connection.environments.GetEnvironment(asked, timeout=READ_TIMEOUT_S)
    except grpc.RpcError:
        return  # the run itself tells what is wrong
    if again:
        yield "The daemon was away and has lost its line; lining up again."
    if place.lock_ticket not in ("", ticket):
        age = format_duration((dt.datetime.now(dt.UTC) - moment(place.lock_since)).total_seconds())
        yield f"Waiting for ticket {place.lock_ticket}, which has occupied {place.name} for {age}."
    if place.waiting:
        yield f"Before this one wait: {', '.join(waiter.ticket for waiter in place.waiting)}."
