"""``releasectl rebuild``."""

from __future__ import annotations

import click

from releasectl.arguments.global_flags import command as declare
from releasectl.calls.connection import COMMAND_TIMEOUT_S, connect
from releasectl.settings import Settings
from releasectl.views.machine import document, emit
from releasepb.v1 import releases_pb2 as pb


@declare("rebuild")
@click.pass_obj
def command(settings: Settings) -> None:
    """Make everything that is derived anew from the record: projections and the files of each ticket."""
    with connect(settings) as connection:
        request = pb.RebuildRequest(environment=connection.environment)
        answer = connection.ask(connection.environments.Rebuild, request, COMMAND_TIMEOUT_S)
    if settings.is_text:
        click.echo(f"Rebuilt from {answer.events} events of {answer.releases} releases.")
    else:
        emit(document(answer))
