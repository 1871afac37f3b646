"""``releasectl cancel``."""

from __future__ import annotations

import click

from releasectl.arguments.consent import asks, confirm, reason_or_ask
from releasectl.arguments.global_flags import command as declare
from releasectl.arguments.parameters import REQUEST_ID, RUNNING_TICKET
from releasectl.calls import submission
from releasectl.calls.checking import check
from releasectl.calls.connection import connect
from releasectl.settings import Settings
from releasepb.v1 import releases_pb2 as pb


@declare("cancel")
@click.argument("ticket", type=RUNNING_TICKET)
@click.option("--kill", is_flag=True, help="Stop the present step, too: TERM, then KILL, its whole process tree.")
@click.option("--reason", metavar="TEXT", help="Why, for the record; asked for on a terminal.")
@click.option("--request-id", type=REQUEST_ID, metavar="ID", help="Sent twice with one id, it acts once.")
@click.pass_obj
def command(settings: Settings, *, ticket: str, kill: bool, reason: str | None, request_id: str | None) -> None:
    """Stop a running release after its present step; it halts, and can be resumed.

    With --kill the step is stopped, too, and what it was doing may stay half done; resuming does it again. A step that
    must not be cut off, such as the move of the checkout, is finished first.
    """
    with connect(settings) as connection:
        request = pb.CancelRequest(
            environment=connection.environment,
            ticket=ticket,
            request_id=request_id or submission.new_request_id(),
            kill=kill,
        )
        if asks(settings):
            check(connection, pb.CheckRequest(cancel=request))
        request.reason = reason_or_ask(reason, settings)
        if kill:
            confirm(
                settings,
                f"The present step of ticket {ticket} is stopped with every process that it started, and what it was "
                "doing may stay half done.",
            )
        accepted = connection.ask(connection.releases.Cancel, request)
    submission.tell_accepted(accepted, settings, _told(ticket, kill=kill))


def _told(ticket: str, *, kill: bool) -> str:
    if not kill:
        return f"Ticket {ticket} stops after its present step."
    finished = "A step that must not be cut off, such as the move of the checkout, is finished first."
    return f"Ticket {ticket} is being stopped; its present step, too. {finished}"
