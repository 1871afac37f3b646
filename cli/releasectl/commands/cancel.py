"""``releasectl cancel``."""

from __future__ import annotations

import click

from releasectl import submission
from releasectl.connection import connect
from releasectl.consent import reason_or_ask
from releasectl.parameters import REQUEST_ID, TICKET
from releasectl.settings import Settings
from releasectl.settings import command as declare
from releasepb.v1 import releases_pb2 as pb


@declare("cancel")
@click.argument("ticket", type=TICKET)
@click.option("--reason", metavar="TEXT", help="Why, for the record; asked for on a terminal.")
@click.option("--request-id", type=REQUEST_ID, metavar="ID", help="Sent twice with one id, it acts once.")
@click.pass_obj
def command(settings: Settings, *, ticket: str, reason: str | None, request_id: str | None) -> None:
    """Stop a running release after its present step; it halts, and can be resumed."""
    why = reason_or_ask(reason, settings)
    with connect(settings) as connection:
        request = pb.CancelRequest(
            environment=connection.environment,
            ticket=ticket,
            request_id=request_id or submission.new_request_id(),
            reason=why,
        )
        accepted = connection.ask(connection.releases.Cancel, request)
    submission.tell_accepted(accepted, settings, f"Ticket {ticket} stops after its present step.")
