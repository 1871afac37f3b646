"""``releasectl blame``."""

from __future__ import annotations

import datetime as dt

import click

from releasectl.arguments.global_flags import command as declare
from releasectl.arguments.parameters import SERVICE, since
from releasectl.calls.connection import connect
from releasectl.calls.moments import time_of
from releasectl.settings import Settings
from releasectl.views.history import print_blame
from releasectl.views.machine import document, emit
from releasepb.v1 import history_pb2 as pb


@declare("blame")
@click.argument("service", type=SERVICE)
@click.option("--at", type=since, metavar="TIME", help="What stood then: RFC 3339, or 2h ago.")
@click.pass_obj
def command(settings: Settings, *, service: str, at: dt.datetime | None) -> None:
    """Show what put each running thing of a service there: ticket, commit, image, scripts and person."""
    with connect(settings) as connection:
        request = pb.BlameRequest(environment=connection.environment, service=service, at=time_of(at))
        answer = connection.ask(connection.history.Blame, request)
    if settings.output == "json":
        emit(document(answer))
    for container in answer.containers:
        if settings.output == "jsonl":
            emit(document(container))
        elif settings.is_text:
            print_blame(container, settings)
