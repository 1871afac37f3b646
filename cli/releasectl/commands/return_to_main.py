"""``releasectl return-to-main``."""

from __future__ import annotations

import click

from releasectl.arguments.global_flags import command as declare
from releasectl.arguments.parameters import REQUEST_ID
from releasectl.calls import submission
from releasectl.calls.connection import COMMAND_TIMEOUT_S, connect
from releasectl.exit_codes import ExitCode
from releasectl.settings import Settings
from releasectl.text.sanitize import one_line
from releasectl.views.machine import document, emit
from releasepb.v1 import releases_pb2 as pb

_SHORT = 12


@declare("return-to-main")
@click.option("--reason", default="", metavar="TEXT", help="Why, where the branch lacks what is deployed.")
@click.option("--request-id", type=REQUEST_ID, metavar="ID", help="Sent twice with one id, it acts once.")
@click.pass_obj
def command(settings: Settings, *, reason: str, request_id: str | None) -> int:
    """Go back from a hotfix branch: check the configured branch out, fast-forward it, see that it is clean.

    The next release counts its changes from the commit that is deployed, not from where the checkout then stands.
    """
    with connect(settings) as connection:
        request = pb.ReturnToMainRequest(
            environment=connection.environment,
            request_id=request_id or submission.new_request_id(),
            reason=reason,
        )
        answer = connection.ask(connection.environments.ReturnToMain, request, COMMAND_TIMEOUT_S)
    if settings.is_text:
        _tell(answer)
    else:
        emit(document(answer))
    return ExitCode.FAILED if answer.dirty else ExitCode.DONE


def _tell(answer: pb.ReturnedToMain) -> None:
    branch, left = one_line(answer.branch), one_line(answer.from_branch)
    clean = "but not clean" if answer.dirty else "and clean"
    click.echo(f"On branch {branch} at {answer.head[:_SHORT]} again, {clean}; it was on {left}.")
    if answer.dirty:
        click.echo("These paths differ from that commit; commit them, ignore them, or take them away:")
        for path in answer.dirty:
            click.echo(f"  {one_line(path)}")
    if answer.unreleased:
        click.echo(f"Not released yet ({answer.deployed_sha[:_SHORT]} is deployed):")
        for commit in answer.unreleased:
            click.echo(f"  {commit.sha[:_SHORT]} {one_line(commit.subject)} ({one_line(commit.author)})")
