"""``releasectl run``."""

from __future__ import annotations

import click

from releasectl import submission
from releasectl.connection import connect
from releasectl.errors import usage
from releasectl.parameters import COMMIT, PHASE, REQUEST_ID, TICKET, duration
from releasectl.settings import Settings
from releasectl.settings import command as declare
from releasepb.v1 import releases_pb2 as pb


@declare("run")
@click.argument("ticket", type=TICKET)
@click.option("--from", "from_phase", type=PHASE, metavar="PHASE", help="Go on with a halted release from this phase.")
@click.option("--skip", type=PHASE, metavar="PHASE", multiple=True, help="Leave this phase out; may be repeated.")
@click.option("--base", type=COMMIT, metavar="SHA", help="Count changes from this ancestor of HEAD.")
@click.option("--with", "with_tickets", type=TICKET, metavar="TICKET", multiple=True, help="Take its scripts along.")
@click.option("--verify-all", is_flag=True, help="Verify every service, not only the affected ones.")
@click.option("--reason", default="", metavar="TEXT", help="Why, for the record.")
@click.option("--detach", is_flag=True, help="Only start it; follow later with watch.")
@click.option(
    "--wait", "wait_s", type=duration, metavar="DURATION", help="Follow at most so long; the release goes on."
)
@click.option("--request-id", type=REQUEST_ID, metavar="ID", help="Sent twice with one id, it acts once.")
@click.pass_obj
def command(  # noqa: PLR0913 (one argument per flag, as click hands them over)
    settings: Settings,
    *,
    ticket: str,
    from_phase: str | None,
    skip: tuple[str, ...],
    base: str | None,
    with_tickets: tuple[str, ...],
    verify_all: bool,
    reason: str,
    detach: bool,
    wait_s: float | None,
    request_id: str | None,
) -> int:
    """Release a ticket, or go on with a halted one from a phase.

    Follows the release until it ends; ctrl-C detaches, and the release goes on. Exits by the release's outcome.
    """
    submission.refuse_both(detach, wait_s)
    identity = request_id or submission.new_request_id()
    only_new = {"--skip": skip, "--base": base, "--with": with_tickets, "--verify-all": verify_all}
    if from_phase:
        _refuse_with_from([flag for flag, value in only_new.items() if value])
    with connect(settings) as connection:
        if from_phase:
            resuming = pb.ResumeRequest(ticket=ticket, request_id=identity, from_phase=from_phase, reason=reason)
            accepted = submission.resume(connection, resuming)
        else:
            starting = pb.RunRequest(
                ticket=ticket,
                request_id=identity,
                skip=skip,
                base=base or "",
                with_tickets=with_tickets,
                verify_all=verify_all,
                reason=reason,
            )
            accepted = submission.run(connection, starting)
        return submission.leave_or_follow(connection, accepted, settings, detach=detach, wait_s=wait_s)


def _refuse_with_from(flags: list[str]) -> None:
    if flags:
        raise usage(
            f"{', '.join(flags)} and --from exclude each other: what a run takes in was settled when it began, "
            "and --from goes on with it."
        )
