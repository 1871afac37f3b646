"""``releasectl resolve``."""

from __future__ import annotations

import click

from releasectl.arguments.consent import asks, confirm, reason_or_ask
from releasectl.arguments.global_flags import command as declare
from releasectl.arguments.parameters import HALTED_TICKET, REQUEST_ID, OneOf
from releasectl.calls import submission
from releasectl.calls.checking import check
from releasectl.calls.connection import connect
from releasectl.settings import Settings
from releasepb.v1 import releases_pb2 as pb

VERDICT = OneOf("verdict", ("done", "failed"))


@declare("resolve")
@click.argument("ticket", type=HALTED_TICKET)
@click.argument("step")
@click.option("--as", "verdict", type=VERDICT, required=True, help="What became of the step.")
@click.option("--reason", metavar="TEXT", help="What you found, for the record; asked for on a terminal.")
@click.option("--request-id", type=REQUEST_ID, metavar="ID", help="Sent twice with one id, it acts once.")
@click.pass_obj
def command(
    settings: Settings, *, ticket: str, step: str, verdict: str, reason: str | None, request_id: str | None
) -> None:
    """Settle a step that is in doubt: it is done, or resuming does it again."""
    then = "it will not be run again" if verdict == "done" else "resuming runs it again"
    with connect(settings) as connection:
        request = pb.ResolveRequest(
            environment=connection.environment,
            ticket=ticket,
            request_id=request_id or submission.new_request_id(),
            step=step,
            done=verdict == "done",
        )
        if asks(settings):
            check(connection, pb.CheckRequest(resolve=request))
        request.reason = reason_or_ask(reason, settings, "What you found, for the record")
        confirm(settings, f"{step} of ticket {ticket} is taken as {verdict}: {then}.")
        accepted = connection.ask(connection.releases.Resolve, request)
    submission.tell_accepted(
        accepted, settings, f"{step} is settled as {verdict}; go on with: releasectl resume {ticket}"
    )
