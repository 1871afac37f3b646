"""``releasectl unhold``."""

from __future__ import annotations

import click

from releasectl.arguments.global_flags import command as declare
from releasectl.arguments.parameters import REQUEST_ID
from releasectl.calls import submission
from releasectl.calls.connection import connect
from releasectl.settings import Settings
from releasectl.views.status import show_environment
from releasepb.v1 import releases_pb2 as pb


@declare("unhold")
@click.option("--request-id", type=REQUEST_ID, metavar="ID", help="Sent twice with one id, it acts once.")
@click.pass_obj
def command(settings: Settings, *, request_id: str | None) -> None:
    """Let releases start again; refused where nobody keeps them out."""
    with connect(settings) as connection:
        request = pb.UnholdRequest(
            environment=connection.environment, request_id=request_id or submission.new_request_id()
        )
        show_environment(connection.ask(connection.environments.Unhold, request), settings)
