"""How a release that rests is shown at the end of run, resume and watch."""

from __future__ import annotations

import click

from releasectl.errors import ClientError, Next
from releasectl.exit_codes import ExitCode
from releasectl.rpc_errors import from_messages
from releasectl.settings import Settings
from releasectl.text.sanitize import clean
from releasectl.views.addressed import addressed_document
from releasectl.views.diagnosis_summary import short_form
from releasectl.views.machine import Document
from releasectl.views.reporting import error_document, report_text
from releasepb.v1 import releases_pb2 as pb

_GOOD = (ExitCode.DONE, ExitCode.NOTHING_TO_DO)


def show_end(end: pb.End, settings: Settings) -> None:
    """Show it to people: the outcome on stdout, a failure on stderr."""
    failure = failure_of(end)
    if failure is None:
        click.echo(clean(end.message))
    else:
        report_text(failure, settings)


def end_document(end: pb.End, settings: Settings) -> Document:
    """Give it to programs; there is an ``error`` where the release did not end well."""
    failure = failure_of(end)
    shown = addressed_document(end, settings)
    return shown if failure is None else {**shown, "error": error_document(failure, settings)}


def failure_of(end: pb.End) -> ClientError | None:
    """Read the end of a release as a failure, or ``None`` where it ended well."""
    if end.exit_code in _GOOD:
        return None
    diagnosis = end.diagnosis if end.HasField("diagnosis") else None
    cause = end.failure.message
    told = end.message or f"The release is {end.state}."
    said = not cause or cause in told
    return ClientError(
        end.exit_code,
        end.failure.code or end.state,
        told if said else cause,
        (*from_messages(diagnosis.next), _more(diagnosis)) if diagnosis else from_messages(end.next),
        end.failure.untrusted_evidence,
        "" if said else told,
        short_form(diagnosis) if diagnosis else "",
    )


def _more(diagnosis: pb.Diagnosis) -> Next:
    return Next(("releasectl", "diagnose", diagnosis.ticket), "shows all that is known of the failure")
