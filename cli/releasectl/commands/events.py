"""``releasectl events``."""

from __future__ import annotations

import click

from releasectl.arguments.global_flags import command as declare
from releasectl.arguments.parameters import EVENT, TICKET
from releasectl.calls.connection import connect
from releasectl.settings import Settings
from releasectl.text.sanitize import one_line
from releasectl.views.machine import emit, event_document
from releasectl.views.plain import event_line
from releasepb.v1 import releases_pb2 as pb


@declare("events")
@click.argument("ticket", type=TICKET)
@click.option("--after", type=EVENT, metavar="N", default=0, help="Only events after this one.")
@click.pass_obj
def command(settings: Settings, *, ticket: str, after: int) -> None:
    """Show the raw record of a ticket, all runs, oldest event first."""
    with connect(settings) as connection:
        request = pb.ListEventsRequest(environment=connection.environment, ticket=ticket, after_version=after)
        events = connection.ask(connection.releases.ListEvents, request).events
    if settings.output == "json":
        emit({"ticket": ticket, "events": [event_document(event) for event in events]})
    for event in events:
        _show(event, settings)


def _show(event: pb.Event, settings: Settings) -> None:
    if settings.output == "jsonl":
        emit(event_document(event))
    elif settings.is_text:
        click.echo(f"{event.version:>5}  {event_line(event)}  ({one_line(event.actor)})")
