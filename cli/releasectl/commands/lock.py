"""``releasectl lock``: who occupies the environment, and how it becomes free."""

from __future__ import annotations

import click

from releasectl.arguments.consent import asks, confirm, reason_or_ask
from releasectl.arguments.global_flags import CONTEXT
from releasectl.arguments.global_flags import command as declare
from releasectl.arguments.parameters import REQUEST_ID
from releasectl.calls import submission
from releasectl.calls.checking import check
from releasectl.calls.connection import connect
from releasectl.settings import Settings
from releasectl.views.status import show_environment
from releasepb.v1 import releases_pb2 as pb


@click.group("lock", context_settings=CONTEXT)
def command() -> None:
    """See who occupies the environment, or give up the halted release that does."""


@declare("status")
@click.pass_obj
def _status(settings: Settings) -> None:
    """Show who occupies the environment, and who keeps releases out."""
    with connect(settings) as connection:
        request = pb.GetEnvironmentRequest(environment=connection.environment)
        show_environment(connection.ask(connection.environments.GetEnvironment, request), settings)


@declare("release")
@click.option("--reason", metavar="TEXT", help="Why, for the record; asked for on a terminal.")
@click.option("--request-id", type=REQUEST_ID, metavar="ID", help="Sent twice with one id, it acts once.")
@click.pass_obj
def _release(settings: Settings, *, reason: str | None, request_id: str | None) -> None:
    """Give up the halted release that occupies the environment.

    What it did so far stays as it is.
    """
    with connect(settings) as connection:
        request = pb.ReleaseLockRequest(
            environment=connection.environment,
            request_id=request_id or submission.new_request_id(),
        )
        if asks(settings):
            check(connection, pb.CheckRequest(release_lock=request))
        request.reason = reason_or_ask(reason, settings)
        confirm(settings, "The halted release is given up, and what it did so far stays as it is.")
        show_environment(connection.ask(connection.environments.ReleaseLock, request), settings)


command.add_command(_status)
command.add_command(_release)
