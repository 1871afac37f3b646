"""Asks what a run would do, and shows it."""

from __future__ import annotations

from releasectl.calls.connection import COMMAND_TIMEOUT_S, Connection
from releasectl.settings import Settings
from releasectl.views.machine import document, emit
from releasepb.v1 import releases_pb2 as pb


def ask_plan(connection: Connection, request: pb.RunRequest) -> pb.RunPreview:
    """Ask what a run would do; it is the code of the run that answers.

    Raises:
        ClientError: the run would be refused.
    """
    request.environment = connection.environment
    return connection.ask(connection.releases.PlanRun, request, COMMAND_TIMEOUT_S)


def show_run(preview: pb.RunPreview, settings: Settings) -> None:
    """Print a plan in the form that is wanted."""
    if not settings.is_text:
        emit(document(preview))
        return
    from releasectl.views.preview import print_run  # noqa: PLC0415 (rich takes longer to import than JSON to print)

    print_run(preview, settings)
