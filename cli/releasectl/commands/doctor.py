"""``releasectl doctor``."""

from __future__ import annotations

import click
from rich.table import Table

from releasectl.arguments.global_flags import command as declare
from releasectl.calls.connection import COMMAND_TIMEOUT_S, connect
from releasectl.exit_codes import ExitCode
from releasectl.settings import Settings
from releasectl.text.sanitize import clean, one_line
from releasectl.text.tables import show, word
from releasectl.views.machine import document, emit
from releasepb.v1 import releases_pb2 as pb

_STATUS_WIDTH = 11


@declare("doctor")
@click.pass_obj
def command(settings: Settings) -> int:
    """Check all that a release needs.

    Repository, engine, Compose, images, disk, clock, permissions, store, workspace and webhook: one line per check, and
    below each that is not well what to do. Exits with 1 where one failed.
    """
    with connect(settings) as connection:
        request = pb.CheckEnvironmentRequest(environment=connection.environment)
        checkup = connection.ask(connection.environments.CheckEnvironment, request, COMMAND_TIMEOUT_S)
    _show(checkup, settings)
    return ExitCode.DONE if checkup.healthy else ExitCode.FAILED


def _show(checkup: pb.Checkup, settings: Settings) -> None:
    if settings.output == "json":
        emit(document(checkup))
    for check in checkup.checks:
        if settings.output == "jsonl":
            emit(document(check))
        elif settings.is_text and (check.status != "ok" or not settings.quiet):
            _print(check, settings)


def _print(check: pb.Check, settings: Settings) -> None:
    row = Table.grid()
    row.add_column(width=_STATUS_WIDTH)
    row.add_column(overflow="fold")
    row.add_row(word(check.status), f"{one_line(check.name)}: {clean(check.finding)}")
    show(row, settings)
    if check.fix:
        click.echo(f"    → {one_line(check.fix)}")
