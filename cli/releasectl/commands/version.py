"""``releasectl version``."""

from __future__ import annotations

from importlib import metadata

import click

from releasectl.arguments.global_flags import command as declare
from releasectl.calls.connection import connect
from releasectl.errors import ClientError
from releasectl.settings import Settings
from releasectl.text.sanitize import one_line
from releasectl.views.machine import emit
from releasectl.views.reporting import error_document
from releasepb.v1 import releases_pb2 as pb


@declare("version")
@click.pass_obj
def command(settings: Settings) -> int:
    """Show the versions of the client and the daemon; without a daemon, the client's and exit code 6."""
    client = metadata.version("releasectl")
    if settings.is_text:
        return _show(client, settings)
    try:
        daemon = _ask(settings)
    except ClientError as error:
        emit({"client": client, "error": error_document(error, settings)})
        return int(error.code)
    emit({"client": client, "daemon": daemon.daemon, "api": daemon.api})
    return 0


def _show(client: str, settings: Settings) -> int:
    click.echo(f"releasectl  {client}")
    daemon = _ask(settings)
    click.echo(f"released    {one_line(daemon.daemon)}  (API {one_line(daemon.api)})")
    return 0


def _ask(settings: Settings) -> pb.Version:
    with connect(settings) as connection:
        return connection.ask(connection.environments.GetVersion, pb.GetVersionRequest())
