"""``releasectl services``."""

from __future__ import annotations

import click

from releasectl.connection import connect
from releasectl.machine import document, emit
from releasectl.parameters import SERVICE
from releasectl.settings import Settings
from releasectl.settings import command as declare
from releasectl.tables import print_services
from releasepb.v1 import releases_pb2 as pb


@declare("services")
@click.argument("name", type=SERVICE, required=False)
@click.pass_obj
def command(settings: Settings, *, name: str | None) -> None:
    """Show the services of the ops repo, what their manifests ask for, and what runs."""
    with connect(settings) as connection:
        request = pb.ListServicesRequest(environment=connection.environment, name=name or "")
        answer = connection.ask(connection.environments.ListServices, request)
    if settings.output == "json":
        emit(document(answer))
    elif settings.output == "jsonl":
        for service in answer.services:
            emit(document(service))
    elif answer.services:
        print_services(answer.services, settings)
    else:
        settings.say("The ops repo has no services.")
