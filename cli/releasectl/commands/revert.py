"""``releasectl revert``: shows what a revert would lose, asks, and follows it."""

from __future__ import annotations

from collections.abc import Callable

import click

from releasectl.arguments.consent import agrees, asks, confirm
from releasectl.arguments.global_flags import command as declare
from releasectl.arguments.parameters import PLAN_HASH, REQUEST_ID, REVERTIBLE_TICKET, SERVICE, duration
from releasectl.calls import submission
from releasectl.calls.connection import REVERT_TIMEOUT_S, Connection, connect
from releasectl.errors import ClientError, usage
from releasectl.exit_codes import ExitCode
from releasectl.settings import Settings
from releasectl.views.machine import Document, Show, document, emit
from releasectl.views.reporting import error_document
from releasepb.v1 import releases_pb2 as pb

_JUDGED = (ExitCode.USAGE, ExitCode.REFUSED, ExitCode.NOT_FOUND)
"""What the daemon says of a request that it understood and does not take."""


@declare("revert")
@click.argument("tickets", type=REVERTIBLE_TICKET, nargs=-1, required=True, metavar="TICKET…")
@click.option("--skip-git", is_flag=True, help="Leave code, images and .env as they are; only restore data.")
@click.option("--skip-data", is_flag=True, help="Restore no data; only take code and images back.")
@click.option(
    "--with-data",
    type=SERVICE,
    metavar="SERVICE",
    multiple=True,
    help="Restore the data of this stateful service, too ('all': of each); may be repeated.",
)
@click.option("--push", is_flag=True, help="Also push the commit that takes the code back.")
@click.option(
    "--dry-run", is_flag=True, help="Only show what it would do; each ticket as if those before it were back."
)
@click.option("--plan", "plan_hash", type=PLAN_HASH, metavar="HASH", help="Refuse unless the plan still has this hash.")
@click.option("--reason", default="", metavar="TEXT", help="Why, for the record.")
@click.option("--detach", is_flag=True, help="Only start it; follow later with watch.")
@click.option("--wait", "wait_s", type=duration, metavar="DURATION", help="Follow at most so long; the revert goes on.")
@click.option("--request-id", type=REQUEST_ID, metavar="ID", help="Sent twice with one id, it acts once.")
@click.pass_obj
def command(  # noqa: PLR0913 (one argument per flag, as click hands them over)
    settings: Settings,
    *,
    tickets: tuple[str, ...],
    skip_git: bool,
    skip_data: bool,
    with_data: tuple[str, ...],
    push: bool,
    dry_run: bool,
    plan_hash: str | None,
    reason: str,
    detach: bool,
    wait_s: float | None,
    request_id: str | None,
) -> int:
    """Take releases back, in the order in which they are named; of a reverted ticket, take the revert back.

    Shows what is taken back and which writes are lost, and asks. The data of stateful services stays unless it is
    chosen. The present state is saved first, so that a revert can itself be taken back.
    """
    submission.refuse_both(detach, wait_s)
    _refuse_with_several(tickets, {"--detach": detach, "--plan": plan_hash, "--request-id": request_id})

    def revert_each(show: Show) -> int:
        for number, ticket in enumerate(tickets):
            request = pb.RevertRequest(
                environment=connection.environment,
                ticket=ticket,
                request_id=request_id or submission.new_request_id(),
                skip_git=skip_git,
                skip_data=skip_data,
                with_data=with_data,
                push=push,
                reason=reason,
                plan_hash=plan_hash or "",
            )
            if dry_run:
                request.after.extend(tickets[:number])
                _show(_plan(connection, request), settings, show)
                continue
            accepted = _revert(connection, request, settings)
            code = submission.leave_or_follow(connection, accepted, settings, detach=detach, wait_s=wait_s, show=show)
            if code != ExitCode.DONE:
                return code
        return ExitCode.DONE

    with connect(settings) as connection:
        if len(tickets) > 1 and settings.output == "json":
            return _as_one_document(revert_each, settings)
        return revert_each(emit)


def _as_one_document(revert_each: Callable[[Show], int], settings: Settings) -> int:
    """Put the documents of all tickets into one, with the error that kept the others from being taken back."""
    documents: list[Document] = []
    failed: Document = {}
    try:
        code = revert_each(documents.append)
    except ClientError as error:
        code, failed = int(error.code), {"error": error_document(error, settings)}
    emit({"reverts": documents, **failed})
    return code


def _refuse_with_several(tickets: tuple[str, ...], flags: dict[str, object]) -> None:
    wrong = [flag for flag, value in flags.items() if value]
    if len(tickets) > 1 and wrong:
        raise usage(f"{', '.join(wrong)} makes sense for one ticket only, and {len(tickets)} are named.")


def _revert(connection: Connection, request: pb.RevertRequest, settings: Settings) -> pb.Accepted:
    """Look, ask, and hold the daemon to what was looked at, now or earlier."""
    try:
        preview = _plan(connection, request)
    except ClientError as error:
        if not settings.yes or error.code not in _JUDGED:
            raise
        return submission.revert(connection, request)  # A plan is only looked at; a refused command is on record.
    if settings.is_text and not request.plan_hash:
        _show(preview, settings)
    preview = _with_chosen_data(connection, request, preview, settings)
    confirm(settings, _consequence(preview))
    request.plan_hash = request.plan_hash or preview.plan_hash
    return submission.revert(connection, request)


def _plan(connection: Connection, request: pb.RevertRequest) -> pb.RevertPreview:
    return connection.ask(connection.releases.PlanRevert, request, REVERT_TIMEOUT_S)


def _show(preview: pb.RevertPreview, settings: Settings, show: Show = emit) -> None:
    if not settings.is_text:
        show(document(preview))
        return
    from releasectl.views.preview import print_revert  # noqa: PLC0415 (rich takes longer to import than JSON to print)

    print_revert(preview, settings)


def _with_chosen_data(
    connection: Connection, request: pb.RevertRequest, preview: pb.RevertPreview, settings: Settings
) -> pb.RevertPreview:
    """Ask for each stateful service whose data would stay whether it is to be restored after all."""
    if request.skip_data or request.plan_hash or not asks(settings):
        return preview
    kept = [one.name for one in preview.services if one.data == "kept" and one.stateful and not one.removed]
    chosen = [name for name in kept if agrees(_question(preview, name))]
    if not chosen:
        return preview
    request.with_data.extend(chosen)
    return _plan(connection, request)


def _question(preview: pb.RevertPreview, name: str) -> str:
    service = next(one for one in preview.services if one.name == name)
    since = f"{service.backed_up_at.ToDatetime():%Y-%m-%d %H:%MZ}"
    return f"{name} is stateful. Restore its data, too? What was written since {since} would be lost."


def _consequence(preview: pb.RevertPreview) -> str:
    lost = [one.name for one in preview.services if one.data == "restored"]
    what = "The revert" if preview.undoes_revert else "The release"
    data = f"; what was written since the backup is lost for {', '.join(lost)}" if lost else ""
    return f"{what} of ticket {preview.ticket} is taken back{data}."
