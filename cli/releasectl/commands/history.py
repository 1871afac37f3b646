"""``releasectl history``."""

from __future__ import annotations

import datetime as dt

import click

from releasectl.arguments.global_flags import command as declare
from releasectl.arguments.parameters import SERVICE, STATE, TICKET, since
from releasectl.calls.connection import connect
from releasectl.calls.moments import time_of
from releasectl.settings import Settings
from releasectl.views.history import print_runs
from releasectl.views.machine import document, emit
from releasepb.v1 import history_pb2 as pb


@declare("history")
@click.option("--ticket", type=TICKET, metavar="T", help="Only runs of this ticket.")
@click.option("--service", type=SERVICE, metavar="S", help="Only runs that affected this service.")
@click.option("--since", "begin", type=since, metavar="TIME", help="Only runs begun since: RFC 3339, or 2h ago.")
@click.option("--state", type=STATE, metavar="S", help="Only runs that are in this state.")
@click.option("--by", metavar="NAME", help="Only runs that this user started.")
@click.option("--code", metavar="CODE", help="Only runs that halted with this failure, such as script_failed.")
@click.option("--limit", type=click.IntRange(min=1, max=1000), metavar="N", default=20, help="At most so many  [20].")
@click.pass_obj
def command(
    settings: Settings,
    *,
    ticket: str | None,
    service: str | None,
    begin: dt.datetime | None,
    state: str | None,
    by: str | None,
    code: str | None,
    limit: int,
) -> None:
    """List every past run, newest first: how it ended, how long it took, where it halted, what was slow in it.

    A step is slow that took longer than nineteen of twenty earlier ones of the same service.
    """
    with connect(settings) as connection:
        request = pb.ListRunsRequest(
            environment=connection.environment,
            ticket=ticket or "",
            service=service or "",
            since=time_of(begin),
            state=state or "",
            by=by or "",
            code=code or "",
            limit=limit,
        )
        answer = connection.ask(connection.history.ListRuns, request)
    if settings.output == "json":
        emit(document(answer))
    elif settings.output == "jsonl":
        for run in answer.runs:
            emit(document(run))
    elif answer.runs:
        print_runs(answer.runs, settings)
    else:
        settings.say(
            "No run on record is like that." if any((ticket, service, begin, state, by, code)) else "Nothing was run."
        )
