"""``releasectl rebuild``."""

from __future__ import annotations

import click

from releasectl.arguments.global_flags import command as declare
from releasectl.calls.connection import COMMAND_TIMEOUT_S, connect
from releasectl.settings import Settings
from releasectl.views.machine import document, emit
from releasepb.v1 import releases_pb2 as pb

PROJECTIONS = ("releases", "history", "files", "anchors")


@declare("rebuild")
@click.argument("projection", type=click.Choice(PROJECTIONS), required=False)
@click.pass_obj
def command(settings: Settings, *, projection: str | None) -> None:
    """Make what is derived anew from the record, while the daemon serves: all of it, or one projection.

    releases: the list; history: what history, blame and diff ask; files: <ticket>.env and <ticket>.log of each ticket;
    anchors: the notes on merge commits.
    """
    with connect(settings) as connection:
        request = pb.RebuildRequest(environment=connection.environment, projection=projection or "")
        answer = connection.ask(connection.environments.Rebuild, request, COMMAND_TIMEOUT_S)
    if settings.is_text:
        click.echo(f"Rebuilt from {answer.events} events of {answer.releases} releases.")
    else:
        emit(document(answer))
