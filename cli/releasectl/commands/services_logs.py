"""``releasectl services logs``."""

from __future__ import annotations

import click

from releasectl.arguments.global_flags import command as declare
from releasectl.arguments.parameters import SERVICE
from releasectl.calls.connection import connect
from releasectl.calls.service_logs import read_logs
from releasectl.errors import usage
from releasectl.settings import Settings
from releasepb.v1 import releases_pb2 as pb


@declare("logs")
@click.argument("name", type=SERVICE)
@click.option("-f", "--follow", is_flag=True, help="Also what is printed from now on, until ctrl-C.")
@click.option("--tail", type=click.IntRange(1, 1_000_000), default=100, show_default=True, help="Lines per container.")
@click.pass_obj
def command(settings: Settings, *, name: str, follow: bool, tail: int) -> None:
    """Show what the containers of a service print.

    Secrets are masked, control sequences taken out. With several containers each line begins with its container. A
    container that is recreated is followed on.
    """
    if follow and settings.output == "json":
        raise usage("What is followed has no end, so it is no document; follow it with --output jsonl.")
    with connect(settings) as connection:
        request = pb.ReadServiceLogsRequest(
            environment=connection.environment, name=name, follow=follow, tail_lines=tail
        )
        read_logs(connection, request, settings)
