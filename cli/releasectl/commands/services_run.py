"""``releasectl services run``."""

from __future__ import annotations

import click

from releasectl.arguments.global_flags import command as declare
from releasectl.arguments.parameters import HOOK, REQUEST_ID, SERVICE
from releasectl.calls import submission
from releasectl.calls.connection import connect
from releasectl.calls.hook_run import run_hook
from releasectl.settings import Settings
from releasectl.views.hook import choose
from releasepb.v1 import releases_pb2 as pb


@declare("run")
@click.argument("name", type=SERVICE)
@click.argument("hook", type=HOOK)
@click.option("--reason", default="", metavar="TEXT", help="Why, for the record.")
@click.option("--request-id", type=REQUEST_ID, metavar="ID", help="Sent twice with one id, it acts once.")
@click.pass_obj
def command(settings: Settings, *, name: str, hook: str, reason: str, request_id: str | None) -> int:
    """Run a hook of a service by hand.

    It is a file below its scripts/, as it stands in the commit that is checked out. Shows what it prints and exits by
    its outcome. ctrl-C detaches, and the hook goes on. Refused while a release runs.
    """
    with connect(settings) as connection:
        request = pb.RunHookRequest(
            environment=connection.environment,
            name=name,
            hook=hook,
            request_id=request_id or submission.new_request_id(),
            reason=reason,
        )
        view = choose(settings, {"service": name, "hook": hook, "request_id": request.request_id})
        end = run_hook(connection, request, view, settings)
    view.end(end)
    return end.exit_code
