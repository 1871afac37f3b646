"""``releasectl status``."""

from __future__ import annotations

import datetime as dt

import click

from releasectl.arguments.global_flags import command as declare
from releasectl.arguments.parameters import TICKET, moment
from releasectl.calls.connection import Connection, connect
from releasectl.calls.moments import moment_of, time_of
from releasectl.exit_codes import ExitCode
from releasectl.settings import Settings
from releasectl.views.addressed import addressed_document
from releasectl.views.machine import emit
from releasectl.views.status import print_release, show_environment
from releasepb.v1 import releases_pb2 as pb


@declare("status")
@click.argument("ticket", type=TICKET, required=False)
@click.option(
    "--at",
    type=moment,
    metavar="TIME|EVENT",
    help="As it was then: RFC 3339, 2h ago, or just after an event of the ticket.",
)
@click.pass_obj
def command(settings: Settings, *, ticket: str | None, at: dt.datetime | int | None) -> int:
    """Show where a ticket stands; without a ticket, the environment: its lock, its active release, its services.

    What was so in the past is told from the record alone. Exits with 9 where the release is under way and recorded
    nothing for longer than it should take: it may hang.
    """
    if ticket is None and isinstance(at, int):
        raise click.UsageError("An event is counted in a ticket's record: name the ticket, or give a time.")
    with connect(settings) as connection:
        answer = _ask(connection, ticket, at)
    if isinstance(answer, pb.Environment):
        show_environment(answer, settings)
    elif settings.is_text:
        print_release(answer, settings)
    else:
        emit(addressed_document(answer, settings))
    return ExitCode.WAITED if answer.HasField("silence") else ExitCode.DONE


def _ask(connection: Connection, ticket: str | None, at: dt.datetime | int | None) -> pb.Release | pb.Environment:
    if ticket is None:
        of_place = pb.GetEnvironmentRequest(environment=connection.environment, at=time_of(at))
        return connection.ask(connection.environments.GetEnvironment, of_place)
    request = pb.GetReleaseRequest(environment=connection.environment, ticket=ticket, at=moment_of(at))
    return connection.ask(connection.releases.GetRelease, request)
