"""``releasectl drift``."""

from __future__ import annotations

import sys

import click

from releasectl.arguments.global_flags import command as declare
from releasectl.calls.connection import connect
from releasectl.exit_codes import ExitCode
from releasectl.rpc_errors import from_messages
from releasectl.settings import Settings
from releasectl.text.sanitize import one_line
from releasectl.text.terminal import width
from releasectl.views.machine import document, emit
from releasectl.views.reporting import next_lines
from releasepb.v1 import releases_pb2 as pb


@declare("drift")
@click.option("--exit-code", is_flag=True, help="Exit with 10 where anything drifted.")
@click.pass_obj
def command(settings: Settings, *, exit_code: bool) -> int:
    """Compare what runs with what the manifests of the present commit ask for, and the checkout with the record.

    One line per comparison, and below each that differs the command that mends it.
    """
    with connect(settings) as connection:
        drift = connection.ask(connection.environments.GetDrift, pb.GetDriftRequest(environment=connection.environment))
    _show(drift, settings)
    return ExitCode.DRIFT if exit_code and drift.drifted else ExitCode.DONE


def _show(drift: pb.Drift, settings: Settings) -> None:
    if settings.output == "json":
        emit(document(drift))
    for finding in drift.findings:
        if settings.output == "jsonl":
            emit(document(finding))
        elif settings.is_text and (finding.drifted or not settings.quiet):
            _print(finding, settings)


def _print(finding: pb.DriftFinding, settings: Settings) -> None:
    click.echo(one_line(finding.line))
    fixes = from_messages([finding.fix]) if finding.HasField("fix") else ()
    for line in next_lines(fixes, settings, width(sys.stdout.isatty()))[1:]:
        click.echo(f"  {line}")
