"""``releasectl run``."""

from __future__ import annotations

import click

from releasectl.arguments.global_flags import command as declare
from releasectl.arguments.parameters import COMMIT, PHASE, PLAN_HASH, PLAYBOOK, REQUEST_ID, TICKET, duration
from releasectl.calls import submission
from releasectl.calls.connection import connect
from releasectl.calls.planning import ask_plan, show_run
from releasectl.errors import usage
from releasectl.exit_codes import ExitCode
from releasectl.settings import Settings
from releasepb.v1 import releases_pb2 as pb


@declare("run")
@click.argument("ticket", type=TICKET)
@click.option("--from", "from_phase", type=PHASE, metavar="PHASE", help="Go on with a halted release from this phase.")
@click.option("--skip", type=PHASE, metavar="PHASE", multiple=True, help="Leave this phase out; may be repeated.")
@click.option("--base", type=COMMIT, metavar="SHA", help="Count changes from this ancestor of HEAD.")
@click.option("--with", "with_tickets", type=TICKET, metavar="TICKET", multiple=True, help="Take its scripts along.")
@click.option("--include-reverted", is_flag=True, help="Let commits come back that a revert held as bad.")
@click.option("--allow-branch", is_flag=True, help="Release the branch that is checked out: a hotfix.")
@click.option("--verify-all", is_flag=True, help="Verify every service, not only the affected ones.")
@click.option("--dry-run", is_flag=True, help="Only show what it would do, like plan.")
@click.option("--plan", "plan_hash", type=PLAN_HASH, metavar="HASH", help="Refuse unless the plan still has this hash.")
@click.option("--reason", default="", metavar="TEXT", help="Why, for the record; --from wants it after a failure.")
@click.option("--playbook", type=PLAYBOOK, metavar="ID", help="With --from: the playbook that told why.")
@click.option("--detach", is_flag=True, help="Only start it; follow later with watch.")
@click.option(
    "--wait", "wait_s", type=duration, metavar="DURATION", help="Follow at most so long; the release goes on."
)
@click.option(
    "--lock-wait",
    "lock_wait_s",
    type=duration,
    metavar="DURATION",
    help="Wait so long, in order of arrival, for what occupies the environment.",
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
    include_reverted: bool,
    allow_branch: bool,
    verify_all: bool,
    dry_run: bool,
    plan_hash: str | None,
    reason: str,
    playbook: str | None,
    detach: bool,
    wait_s: float | None,
    lock_wait_s: float | None,
    request_id: str | None,
) -> int:
    """Release a ticket, or go on with a halted one from a phase.

    Follows the release until it ends; ctrl-C detaches, and the release goes on. Exits by the release's outcome.
    """
    submission.refuse_both(detach, wait_s)
    identity = request_id or submission.new_request_id()
    only_new = {
        "--skip": skip,
        "--base": base,
        "--with": with_tickets,
        "--include-reverted": include_reverted,
        "--allow-branch": allow_branch,
        "--verify-all": verify_all,
        "--dry-run": dry_run,
        "--plan": plan_hash,
        "--lock-wait": lock_wait_s,
    }
    if from_phase:
        _refuse_with_from([flag for flag, value in only_new.items() if value])
    elif playbook:
        raise usage("--playbook says what a failure was, so it goes with --from or with resume.")
    with connect(settings) as connection:
        if from_phase:
            resuming = pb.ResumeRequest(
                ticket=ticket, request_id=identity, from_phase=from_phase, reason=reason, playbook=playbook or ""
            )
            accepted = submission.resume(connection, resuming)
        else:
            starting = pb.RunRequest(
                ticket=ticket,
                request_id=identity,
                skip=skip,
                base=base or "",
                with_tickets=with_tickets,
                include_reverted=include_reverted,
                allow_branch=allow_branch,
                verify_all=verify_all,
                reason=reason,
                plan_hash=plan_hash or "",
                lock_wait_s=lock_wait_s or 0.0,
            )
            if dry_run:
                show_run(ask_plan(connection, starting), settings)
                return ExitCode.DONE
            accepted = submission.run(connection, starting, settings)
        return submission.leave_or_follow(connection, accepted, settings, detach=detach, wait_s=wait_s)


def _refuse_with_from(flags: list[str]) -> None:
    if flags:
        raise usage(
            f"{', '.join(flags)} and --from exclude each other: what a run takes in was settled when it began, "
            "and --from goes on with it."
        )
