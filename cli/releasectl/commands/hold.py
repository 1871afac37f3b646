"""``releasectl hold``."""

from __future__ import annotations

import datetime as dt

import click

from releasectl.arguments.consent import reason_or_ask
from releasectl.arguments.global_flags import command as declare
from releasectl.arguments.parameters import REQUEST_ID, until
from releasectl.calls import submission
from releasectl.calls.connection import connect
from releasectl.settings import Settings
from releasectl.views.status import show_environment
from releasepb.v1 import releases_pb2 as pb


@declare("hold")
@click.option("--until", "end", type=until, metavar="TIME", help="When it ends by itself: RFC 3339, or from now (2h).")
@click.option("--reason", metavar="TEXT", help="Why, for the record; asked for on a terminal.")
@click.option("--request-id", type=REQUEST_ID, metavar="ID", help="Sent twice with one id, it acts once.")
@click.pass_obj
def command(settings: Settings, *, end: dt.datetime | None, reason: str | None, request_id: str | None) -> None:
    """Keep releases out: the next start is refused. What runs goes on, and a halted release may be resumed.

    Refused while somebody holds already; their hold ends with unhold, or when its time is over.
    """
    why = reason_or_ask(reason, settings)
    with connect(settings) as connection:
        request = pb.HoldRequest(
            environment=connection.environment,
            request_id=request_id or submission.new_request_id(),
            reason=why,
        )
        if end is not None:
            request.until.FromDatetime(end.astimezone(dt.UTC).replace(tzinfo=None))
        show_environment(connection.ask(connection.environments.Hold, request), settings)
