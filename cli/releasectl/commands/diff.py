"""``releasectl diff``."""

from __future__ import annotations

import click

from releasectl.arguments.global_flags import command as declare
from releasectl.arguments.parameters import TICKET
from releasectl.calls.connection import connect
from releasectl.settings import Settings
from releasectl.views.history import print_differences
from releasectl.views.machine import document, emit
from releasepb.v1 import history_pb2 as pb


@declare("diff")
@click.argument("left", metavar="T1", type=TICKET)
@click.argument("right", metavar="T2", type=TICKET)
@click.pass_obj
def command(settings: Settings, *, left: str, right: str) -> None:
    """Show in what the latest runs of two tickets differ.

    Commits, images, configuration, scripts, how they came out, durations, what was checked, and what was printed.
    """
    with connect(settings) as connection:
        request = pb.CompareRequest(environment=connection.environment, left=left, right=right)
        answer = connection.ask(connection.history.Compare, request)
    if settings.output == "json":
        emit(document(answer))
    elif settings.output == "jsonl":
        for difference in answer.differences:
            emit(document(difference))
    elif answer.differences:
        print_differences(left, right, answer.differences, settings)
    else:
        settings.say("The two runs differ in nothing that is on record.")
