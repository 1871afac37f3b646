"""``releasectl gc``."""

from __future__ import annotations

import click

from releasectl.arguments.global_flags import command as declare
from releasectl.arguments.parameters import REQUEST_ID
from releasectl.calls import submission
from releasectl.calls.connection import COMMAND_TIMEOUT_S, connect
from releasectl.settings import Settings
from releasectl.text.sanitize import one_line
from releasectl.text.times import seconds_stamp
from releasectl.views.machine import document, emit
from releasepb.v1 import releases_pb2 as pb


@declare("gc")
@click.option("--dry-run", is_flag=True, help="Show what would go, and change nothing.")
@click.option("--request-id", type=REQUEST_ID, metavar="ID", help="Sent twice with one id, it is recorded once.")
@click.pass_obj
def command(settings: Settings, *, dry_run: bool, request_id: str | None) -> None:
    """Remove what steps printed longer ago than retention.output_days. Events stay, and what a legal hold keeps."""
    with connect(settings) as connection:
        request = pb.CollectGarbageRequest(
            environment=connection.environment,
            request_id=request_id or submission.new_request_id(),
            dry_run=dry_run,
        )
        answer = connection.ask(connection.environments.CollectGarbage, request, COMMAND_TIMEOUT_S)
    if not settings.is_text:
        emit(document(answer))
        return
    for one in answer.expired:
        click.echo(_line(one))
    going = [one for one in answer.expired if not one.HasField("legal_hold")]
    size, would = sum(one.bytes for one in going), "would be" if dry_run else "were"
    click.echo(f"{size} bytes of {len(going)} runs and hooks {would} removed; their events stay.")


def _line(one: pb.ExpiredOutput) -> str:
    kept = ""
    if one.HasField("legal_hold"):
        kept = f"  kept: {one_line(one.legal_hold.text)} ({one_line(one.legal_hold.by)})"
    return f"{one_line(one.folder)}  ended {seconds_stamp(one.ended_at)}, {one.bytes} bytes{kept}"
