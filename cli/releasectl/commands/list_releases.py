"""``releasectl list``."""

from __future__ import annotations

import datetime as dt

import click

from releasectl.arguments.global_flags import command as declare
from releasectl.arguments.parameters import STATE, since
from releasectl.calls.connection import connect
from releasectl.calls.moments import time_of
from releasectl.settings import Settings
from releasectl.text.tables import print_releases
from releasectl.views.machine import document, emit
from releasepb.v1 import releases_pb2 as pb


@declare("list")
@click.option("--state", type=STATE, metavar="S", help="Only releases in this state.")
@click.option(
    "--limit", type=click.IntRange(min=1, max=100_000), metavar="N", default=20, help="At most so many  [20]."
)
@click.option("--at", type=since, metavar="TIME", help="As they stood then: RFC 3339, or 2h ago.")
@click.pass_obj
def command(settings: Settings, *, state: str | None, limit: int, at: dt.datetime | None) -> None:
    """List releases, newest first."""
    with connect(settings) as connection:
        request = pb.ListReleasesRequest(
            environment=connection.environment, state=state or "", limit=limit, at=time_of(at)
        )
        answer = connection.ask(connection.releases.ListReleases, request)
    if settings.output == "json":
        emit(document(answer))
    elif settings.output == "jsonl":
        for release in answer.releases:
            emit(document(release))
    elif answer.releases:
        print_releases(answer.releases, settings)
    else:
        settings.say(_none(state, at))


def _none(state: str | None, at: dt.datetime | None) -> str:
    if state:
        return f"No release was {state} then." if at else f"No release is {state}."
    return "Nothing had been released here by then." if at else "Nothing was released here yet."
