"""``releasectl resume``."""

from __future__ import annotations

import click

from releasectl.arguments.consent import asks
from releasectl.arguments.global_flags import command as declare
from releasectl.arguments.parameters import HALTED_TICKET, PHASE, PLAYBOOK, REQUEST_ID, duration
from releasectl.calls import submission
from releasectl.calls.checking import check
from releasectl.calls.connection import connect
from releasectl.settings import Settings
from releasepb.v1 import releases_pb2 as pb


@declare("resume")
@click.argument("ticket", type=HALTED_TICKET)
@click.option("--from", "from_phase", type=PHASE, metavar="PHASE", help="Do everything from this phase on again.")
@click.option("--reason", metavar="TEXT", help="What the cause was and what was done about it, for the record.")
@click.option("--playbook", type=PLAYBOOK, metavar="ID", help="The playbook that told the cause.")
@click.option("--detach", is_flag=True, help="Only start it; follow later with watch.")
@click.option(
    "--wait", "wait_s", type=duration, metavar="DURATION", help="Follow at most so long; the release goes on."
)
@click.option("--request-id", type=REQUEST_ID, metavar="ID", help="Sent twice with one id, it acts once.")
@click.pass_obj
def command(
    settings: Settings,
    *,
    ticket: str,
    from_phase: str | None,
    reason: str | None,
    playbook: str | None,
    detach: bool,
    wait_s: float | None,
    request_id: str | None,
) -> int:
    """Go on with a halted release from its first unfinished step, or from a phase.

    After a failure it wants the cause, for the record: by --reason, by --playbook, or asked for on a terminal.
    """
    submission.refuse_both(detach, wait_s)
    with connect(settings) as connection:
        request = pb.ResumeRequest(
            environment=connection.environment,
            ticket=ticket,
            request_id=request_id or submission.new_request_id(),
            from_phase=from_phase or "",
            reason=reason or "",
            playbook=playbook or "",
        )
        if reason is None and not playbook and asks(settings):
            check(connection, pb.CheckRequest(resume=request))
            request.reason = _asked()
        accepted = submission.resume(connection, request)
        return submission.leave_or_follow(connection, accepted, settings, detach=detach, wait_s=wait_s)


def _asked() -> str:
    question = "Cause of the halt and what was done about it, for the record"
    answer: str = click.prompt(question, default="", show_default=False, err=True)
    return answer.strip()
