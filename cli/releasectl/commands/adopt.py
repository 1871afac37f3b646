"""``releasectl adopt``."""

from __future__ import annotations

import click

from releasectl.arguments.consent import reason_or_ask
from releasectl.arguments.global_flags import command as declare
from releasectl.arguments.parameters import COMMIT, REQUEST_ID, TICKET
from releasectl.calls import submission
from releasectl.calls.connection import COMMAND_TIMEOUT_S, connect
from releasectl.settings import Settings
from releasepb.v1 import releases_pb2 as pb


@declare("adopt")
@click.argument("ticket", type=TICKET)
@click.option("--base", type=COMMIT, metavar="SHA", required=True, help="Where the checkout stood before.")
@click.option("--merge", type=COMMIT, metavar="SHA", required=True, help="The commit that was released.")
@click.option("--reason", metavar="TEXT", help="Why, for the record; asked for on a terminal.")
@click.option("--request-id", type=REQUEST_ID, metavar="ID", help="Sent twice with one id, it acts once.")
@click.pass_obj
def command(
    settings: Settings, *, ticket: str, base: str, merge: str, reason: str | None, request_id: str | None
) -> None:
    """Take in a release that was done by hand, so that the record and the next release know of it.

    Nothing was saved before such a release, so it cannot be taken back with revert.
    """
    why = reason_or_ask(reason, settings)
    with connect(settings) as connection:
        request = pb.AdoptRequest(
            environment=connection.environment,
            ticket=ticket,
            request_id=request_id or submission.new_request_id(),
            base=base,
            merge=merge,
            reason=why,
        )
        accepted = connection.ask(connection.releases.Adopt, request, COMMAND_TIMEOUT_S)
    submission.tell_accepted(
        accepted, settings, f"Ticket {ticket} is on record as released by hand (run {accepted.run})."
    )
