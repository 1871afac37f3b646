"""``releasectl status``."""

from __future__ import annotations

import click

from releasectl.arguments.global_flags import command as declare
from releasectl.arguments.parameters import TICKET
from releasectl.calls.connection import Connection, connect
from releasectl.exit_codes import ExitCode
from releasectl.settings import Settings
from releasectl.views.addressed import addressed_document
from releasectl.views.machine import emit
from releasectl.views.status import print_release, show_environment
from releasepb.v1 import releases_pb2 as pb


@declare("status")
@click.argument("ticket", type=TICKET, required=False)
@click.pass_obj
def command(settings: Settings, *, ticket: str | None) -> int:
    """Show where a ticket stands; without a ticket, the environment: its lock, its active release, its services.

    Exits with 9 where the release is under way and recorded nothing for longer than it should take: it may hang.
    """
    with connect(settings) as connection:
        answer = _ask(connection, ticket)
    if isinstance(answer, pb.Environment):
        show_environment(answer, settings)
    elif settings.is_text:
        print_release(answer, settings)
    else:
        emit(addressed_document(answer, settings))
    return ExitCode.WAITED if answer.HasField("silence") else ExitCode.DONE


def _ask(connection: Connection, ticket: str | None) -> pb.Release | pb.Environment:
    environment = connection.environment
    if ticket is None:
        return connection.ask(connection.environments.GetEnvironment, pb.GetEnvironmentRequest(environment=environment))
    request = pb.GetReleaseRequest(environment=environment, ticket=ticket)
    return connection.ask(connection.releases.GetRelease, request)
