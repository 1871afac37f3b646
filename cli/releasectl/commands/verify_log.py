"""``releasectl verify-log``."""

from __future__ import annotations

import click

from releasectl.arguments.global_flags import command as declare
from releasectl.calls.connection import connect
from releasectl.exit_codes import ExitCode
from releasectl.settings import Settings
from releasectl.text.sanitize import one_line
from releasectl.views.machine import document, emit
from releasepb.v1 import history_pb2 as pb

_TIMEOUT_S = 3600.0
"""Every event is read; a record of many years takes its time."""


@declare("verify-log")
@click.pass_obj
def command(settings: Settings) -> int:
    """Look the whole record through: was an event edited, dropped or moved, does all that is derived agree with it.

    Exits with 1 where anything is wrong. What was taken out (released db redact) is listed, and is no fault.
    """
    with connect(settings) as connection:
        answer = connection.ask(connection.history.VerifyLog, pb.VerifyLogRequest(), _TIMEOUT_S)
    if settings.is_text:
        _print(answer, settings)
    else:
        emit(document(answer))
    return ExitCode.FAILED if answer.findings else ExitCode.DONE


def _print(found: pb.Verification, settings: Settings) -> None:
    for finding in found.findings:
        click.echo(f"✗ {one_line(finding.subject)}: {one_line(finding.message)}")
    for redaction in found.redactions:
        click.echo(f"! event {redaction.position}: {one_line(redaction.message)}")
    if not found.findings and not settings.quiet:
        click.echo(f"✓ {found.events} events, and all that is derived from them; the last hash is {found.log_hash}")
