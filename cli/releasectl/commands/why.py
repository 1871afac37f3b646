"""``releasectl why``."""

from __future__ import annotations

import click

from releasectl.arguments.global_flags import command as declare
from releasectl.arguments.parameters import TICKET
from releasectl.calls.connection import connect
from releasectl.settings import Settings
from releasectl.views.history import print_links
from releasectl.views.machine import document, emit
from releasepb.v1 import history_pb2 as pb


@declare("why")
@click.argument("ticket", type=TICKET)
@click.argument("subject")
@click.pass_obj
def command(settings: Settings, *, ticket: str, subject: str) -> None:
    """Show why a ticket's latest run did something: who asked for it, which paths changed, what followed.

    SUBJECT is a service, a step, a container, a script, or a changed path. The number in front of each cause is the
    event that tells it (see releasectl events TICKET).
    """
    with connect(settings) as connection:
        request = pb.ExplainRequest(environment=connection.environment, ticket=ticket, subject=subject)
        answer = connection.ask(connection.history.Explain, request)
    if settings.output == "json":
        emit(document(answer))
    elif settings.output == "jsonl":
        for link in answer.links:
            emit(document(link))
    else:
        print_links(answer.links, settings)
