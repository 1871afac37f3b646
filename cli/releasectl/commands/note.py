"""``releasectl note``."""

from __future__ import annotations

import click

from releasectl.arguments.global_flags import command as declare
from releasectl.arguments.parameters import REQUEST_ID, TICKET
from releasectl.calls import submission
from releasectl.calls.connection import connect
from releasectl.settings import Settings
from releasepb.v1 import releases_pb2 as pb


@declare("note")
@click.argument("ticket", type=TICKET)
@click.argument("text")
@click.option("--request-id", type=REQUEST_ID, metavar="ID", help="Sent twice with one id, it acts once.")
@click.pass_obj
def command(settings: Settings, *, ticket: str, text: str, request_id: str | None) -> None:
    """Put a remark on the record of a ticket."""
    with connect(settings) as connection:
        request = pb.NoteRequest(
            environment=connection.environment,
            ticket=ticket,
            request_id=request_id or submission.new_request_id(),
            text=text,
        )
        accepted = connection.ask(connection.releases.Note, request)
    submission.tell_accepted(accepted, settings, f"Noted on ticket {ticket}.")
