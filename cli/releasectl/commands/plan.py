"""``releasectl plan``."""

from __future__ import annotations

import click

from releasectl.arguments.global_flags import command as declare
from releasectl.arguments.parameters import COMMIT, PHASE, TICKET
from releasectl.calls import submission
from releasectl.calls.connection import connect
from releasectl.calls.planning import ask_plan, show_run
from releasectl.exit_codes import ExitCode
from releasectl.settings import Settings
from releasepb.v1 import releases_pb2 as pb


@declare("plan")
@click.argument("ticket", type=TICKET)
@click.option("--skip", type=PHASE, metavar="PHASE", multiple=True, help="As for run.")
@click.option("--base", type=COMMIT, metavar="SHA", help="As for run.")
@click.option("--with", "with_tickets", type=TICKET, metavar="TICKET", multiple=True, help="As for run.")
@click.option("--include-reverted", is_flag=True, help="As for run.")
@click.option("--allow-branch", is_flag=True, help="As for run.")
@click.option("--verify-all", is_flag=True, help="As for run.")
@click.option("--reason", default="", metavar="TEXT", help="As for run.")
@click.option("--detailed-exitcode", is_flag=True, help="Exit with 10 where there is something to do, 0 where not.")
@click.pass_obj
def command(  # noqa: PLR0913 (one argument per flag, as click hands them over)
    settings: Settings,
    *,
    ticket: str,
    skip: tuple[str, ...],
    base: str | None,
    with_tickets: tuple[str, ...],
    include_reverted: bool,
    allow_branch: bool,
    verify_all: bool,
    reason: str,
    detailed_exitcode: bool,
) -> int:
    """Show everything a run would do; fetches from the remote, and changes nothing else.

    The hash at the end holds a later run to this plan: run TICKET --plan HASH is refused where the remote, the
    configuration or the images that run have moved.
    """
    request = pb.RunRequest(
        ticket=ticket,
        request_id=submission.new_request_id(),
        skip=skip,
        base=base or "",
        with_tickets=with_tickets,
        include_reverted=include_reverted,
        allow_branch=allow_branch,
        verify_all=verify_all,
        reason=reason,
    )
    with connect(settings) as connection:
        preview = ask_plan(connection, request)
    show_run(preview, settings)
    return ExitCode.DRIFT if detailed_exitcode and not preview.nothing_to_do else ExitCode.DONE
