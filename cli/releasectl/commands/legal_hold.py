"""``releasectl legal-hold``."""

from __future__ import annotations

import click

from releasectl.arguments.consent import reason_or_ask
from releasectl.arguments.global_flags import command as declare
from releasectl.arguments.parameters import REQUEST_ID, TICKET
from releasectl.calls import submission
from releasectl.calls.connection import connect
from releasectl.settings import Settings
from releasepb.v1 import releases_pb2 as pb


@declare("legal-hold")
@click.argument("ticket", type=TICKET)
@click.option("--lift", is_flag=True, help="Let it expire again.")
@click.option("--reason", metavar="TEXT", help="Why, for the record; asked for on a terminal.")
@click.option("--request-id", type=REQUEST_ID, metavar="ID", help="Sent twice with one id, it acts once.")
@click.pass_obj
def command(settings: Settings, *, ticket: str, lift: bool, reason: str | None, request_id: str | None) -> None:
    """Keep what was printed for a ticket, however old it grows: gc passes it over."""
    why = reason_or_ask(reason, settings)
    with connect(settings) as connection:
        request = pb.LegalHoldRequest(
            environment=connection.environment,
            ticket=ticket,
            request_id=request_id or submission.new_request_id(),
            reason=why,
            lift=lift,
        )
        accepted = connection.ask(connection.releases.LegalHold, request)
    told = f"The output of ticket {ticket} may expire again." if lift else f"The output of ticket {ticket} is kept."
    submission.tell_accepted(accepted, settings, told)
