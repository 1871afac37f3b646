"""``releasectl diagnose``."""

from __future__ import annotations

import click

from releasectl.arguments.global_flags import command as declare
from releasectl.arguments.parameters import TICKET
from releasectl.calls.connection import COMMAND_TIMEOUT_S, connect
from releasectl.settings import Settings
from releasectl.views.addressed import addressed_document
from releasectl.views.diagnosis import print_diagnosis
from releasectl.views.machine import emit
from releasepb.v1 import releases_pb2 as pb


@declare("diagnose")
@click.argument("ticket", type=TICKET)
@click.pass_obj
def command(settings: Settings, *, ticket: str) -> None:
    """Show what is the matter with a ticket: the cause, the evidence, and the exact next commands.

    Works from any failure, a refusal included, and of releases that run or are over. What is told of the past is on
    record; only the health of the service at fault is looked at now.
    """
    with connect(settings) as connection:
        request = pb.DiagnoseRequest(environment=connection.environment, ticket=ticket)
        told = connection.ask(connection.releases.Diagnose, request, COMMAND_TIMEOUT_S)
    if settings.is_text:
        print_diagnosis(told, settings)
    else:
        emit(addressed_document(told, settings))
