"""Asks for all that a dossier is made of."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from releasectl.calls.connection import Connection
from releasectl.calls.moments import time_of
from releasectl.calls.replaying import replayed
from releasectl.text.sanitize import clean
from releasectl.views.report.period import Period, period
from releasectl.views.report.sources import Attempt, Output, Sources
from releasepb.v1 import history_pb2, releases_pb2

_MOST_RUNS = 1000
_KEPT = 64 * 1024
"""Bytes of what each attempt of a step printed last."""


def gather(connection: Connection, ticket: str) -> Sources:
    """Read the latest run of a ticket.

    Raises:
        ClientError: it was never run, or the daemon does not answer.
    """
    place = connection.environment
    request = releases_pb2.GetReleaseRequest(environment=place, ticket=ticket)
    release = connection.ask(connection.releases.GetRelease, request)
    events, outputs = _seen(connection, ticket)
    listing = history_pb2.ListRunsRequest(environment=place, ticket=ticket, limit=1)
    (run,) = connection.ask(connection.history.ListRuns, listing).runs
    asking = releases_pb2.DiagnoseRequest(environment=place, ticket=ticket)
    waits = release.summary.state == "halted"
    return Sources(
        release=release,
        events=events,
        run=run,
        outputs={attempt: _output(printed) for attempt, printed in outputs.items()},
        diagnosis=connection.ask(connection.releases.Diagnose, asking) if waits else None,
        made_at=f"{dt.datetime.now(dt.UTC):%Y-%m-%dT%H:%M:%SZ}",
    )


def gather_period(connection: Connection, since: dt.datetime, until: dt.datetime) -> Period:
    """Read the runs of an environment that began in a period which ends now.

    Raises:
        ClientError: the daemon does not answer.
    """
    place = connection.environment
    environment = connection.ask(
        connection.environments.GetEnvironment, releases_pb2.GetEnvironmentRequest(environment=place)
    )
    listing = history_pb2.ListRunsRequest(environment=place, since=time_of(since), limit=_MOST_RUNS)
    runs = connection.ask(connection.history.ListRuns, listing).runs
    return period(environment.name, runs, since, until, is_cut=len(runs) == _MOST_RUNS)


def _seen(connection: Connection, ticket: str) -> tuple[Sequence[releases_pb2.Event], dict[Attempt, bytes]]:
    """Read the run as it was seen, and of each output only as much as is kept."""
    request = history_pb2.ReplayRequest(environment=connection.environment, ticket=ticket, with_output=True)
    events: list[releases_pb2.Event] = []
    outputs: dict[Attempt, bytes] = {}
    for item in replayed(connection, request):
        if item.HasField("event"):
            events.append(item.event)
        else:
            attempt = (item.output.step, item.output.attempt)
            outputs[attempt] = (outputs.get(attempt, b"") + item.output.untrusted_data)[-_KEPT - 1 :]
    return events, outputs


def _output(printed: bytes) -> Output:
    return Output(clean(printed[-_KEPT:].decode("utf-8", "backslashreplace")), is_cut=len(printed) > _KEPT)
