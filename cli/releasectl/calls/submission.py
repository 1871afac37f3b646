"""Hands a release to the daemon, and follows it unless it is to be left alone."""

from __future__ import annotations

from collections.abc import Callable
from uuid import uuid4

import click

from releasectl.calls.connection import COMMAND_TIMEOUT_S, REVERT_TIMEOUT_S, Connection
from releasectl.calls.follow import Journey, follow, watch_again
from releasectl.calls.waiting import in_line
from releasectl.errors import ClientError, Next, usage
from releasectl.exit_codes import ExitCode
from releasectl.settings import Settings
from releasectl.text.sanitize import clean
from releasectl.text.terminal import width
from releasectl.views.choice import choose
from releasectl.views.machine import Show, document, emit
from releasectl.views.reporting import next_lines
from releasepb.v1 import releases_pb2 as pb

Submit = Callable[[], pb.Accepted]
Request = pb.RunRequest | pb.ResumeRequest | pb.RevertRequest


def new_request_id() -> str:
    """Make the id under which the daemon acts once, however often it is asked."""
    return str(uuid4())


def refuse_both(detach: bool, wait_s: float | None) -> None:  # noqa: FBT001 (the flag as it was typed)
    """Refuse flags that contradict each other.

    Raises:
        ClientError: ``--detach`` follows nothing, so there is nothing to wait for.
    """
    if detach and wait_s is not None:
        raise usage("--detach follows nothing, so --wait has nothing to wait for; give one of them.")


def resume(connection: Connection, request: pb.ResumeRequest) -> pb.Accepted:
    """Let a halted release go on."""
    request.environment = connection.environment
    return _submit(lambda: connection.ask(connection.releases.Resume, request, COMMAND_TIMEOUT_S), request)


def run(connection: Connection, request: pb.RunRequest, settings: Settings) -> pb.Accepted:
    """Open a run, after its turn where it may wait for the environment."""
    request.environment = connection.environment
    call = in_line(connection, request.lock_wait_s, settings) if request.lock_wait_s else connection.releases.Run
    wait_s = request.lock_wait_s
    return _submit(lambda: connection.ask(call, request, COMMAND_TIMEOUT_S, wait_s), request)


def revert(connection: Connection, request: pb.RevertRequest) -> pb.Accepted:
    """Take a release back."""
    request.environment = connection.environment
    return _submit(lambda: connection.ask(connection.releases.Revert, request, REVERT_TIMEOUT_S), request)


def _submit(submit: Submit, request: Request) -> pb.Accepted:
    """Hand a command in; where its fate is unknown, say how to find out without doing it twice."""
    try:
        return submit()
    except KeyboardInterrupt:
        raise _unknown(ExitCode.DETACHED, "interrupted", "Interrupted before the daemon answered.", request) from None
    except ClientError as error:
        if error.reason != "daemon_no_answer":
            raise
        raise _unknown(ExitCode.UNREACHABLE, error.reason, error.message, request) from None


def _unknown(code: ExitCode, reason: str, message: str, request: Request) -> ClientError:
    return ClientError(
        code,
        reason,
        f"{message} It may have taken the command (request id {request.request_id}); with that id it acts only once.",
        (Next(("releasectl", "status", request.ticket), f"shows whether ticket {request.ticket} is under way"),),
    )


def leave_or_follow(
    connection: Connection,
    accepted: pb.Accepted,
    settings: Settings,
    *,
    detach: bool,
    wait_s: float | None,
    show: Show = emit,
) -> int:
    """Show the release until it rests, or only how to follow it; give the exit code."""
    settings.tell(f"accepted as run {accepted.run} of ticket {accepted.ticket} at event {accepted.version}")
    if accepted.notice:
        settings.say(clean(accepted.notice))
    if detach:
        _show_accepted(accepted, settings)
        return ExitCode.DONE
    with choose(settings, accepted.ticket, show) as view:
        since = 0 if view.wants_history else accepted.version - 1
        try:
            return follow(connection, Journey(accepted.ticket, since), view, wait_s).exit_code
        except ClientError as error:
            raise _not_followed(error, accepted.ticket) from None


def _not_followed(error: ClientError, ticket: str) -> ClientError:
    """Only the following was refused: the release goes on."""
    if error.reason != "too_many_followers":
        return error
    message = f"Ticket {ticket} goes on in the daemon, but cannot be followed now: {error.message}"
    return ClientError(ExitCode.WAITED, error.reason, message, (watch_again(ticket),))


def tell_accepted(accepted: pb.Accepted, settings: Settings, sentence: str) -> None:
    """Say that a command was taken."""
    if settings.is_text:
        click.echo(sentence)
    else:
        emit(document(accepted))


def _show_accepted(accepted: pb.Accepted, settings: Settings) -> None:
    if not settings.is_text:
        emit(document(accepted))
        return
    click.echo(f"Ticket {accepted.ticket} is under way in {accepted.environment} (run {accepted.run}).")
    if not settings.quiet:
        click.echo("\n".join(next_lines([watch_again(accepted.ticket)], settings, width(terminal=False))), err=True)
