"""Turns messages into commands: every name in them is looked at here, and nothing else is."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Sequence
from typing import TypeVar

import msgspec
from google.protobuf.timestamp_pb2 import Timestamp

from released.domain import commands as cmd
from released.domain import events as ev
from released.domain.errors import InvalidInput
from released.domain.ids import (
    parse_hook,
    parse_phase,
    parse_playbook,
    parse_request_id,
    parse_service,
    parse_sha,
    parse_ticket,
)
from released.phases.planning.revert_preflight import ALL
from releasepb.v1 import releases_pb2 as pb

_PLACEHOLDER = re.compile("<[a-z ]+>")
"""As in the commands that are shown to be typed next."""
_MOST_NAMES = 100
_LONGEST_TEXT = 10_000
"""Characters of a reason or a remark: the record is read as a whole each time that somebody looks at a ticket."""
_LONGEST_STEP = 200
"""Characters: a service's name, a file's, and a verb."""
_SCREENFUL = 20
_LONGEST_WAIT_S = 30 * 86400.0
_ASKED_LATER = "asked for later"
"""Stands for a reason while it is found out whether a command could be done at all."""

NameT = TypeVar("NameT")


def start_run(request: pb.RunRequest) -> cmd.StartRun:
    """Read a command to release.

    Raises:
        InvalidInput: a name in it is wrong.
    """
    options = ev.RunOptions(
        skip=_names(parse_phase, request.skip),
        base=parse_sha(request.base) if request.base else None,
        with_tickets=_names(parse_ticket, request.with_tickets),
        verify_all=request.verify_all,
        reason=optional_reason(request.reason),
        include_reverted=request.include_reverted,
        allow_branch=request.allow_branch,
    )
    return cmd.StartRun(parse_ticket(request.ticket), parse_request_id(request.request_id), options, request.plan_hash)


def revert(request: pb.RevertRequest) -> cmd.Revert:
    """Read a command to take a release back.

    Raises:
        InvalidInput: a name in it is wrong.
    """
    options = ev.RevertOptions(
        skip_git=request.skip_git,
        skip_data=request.skip_data,
        with_data=_names(lambda name: name if name == ALL else parse_service(name), request.with_data),
        push=request.push,
        reason=optional_reason(request.reason),
    )
    return cmd.Revert(parse_ticket(request.ticket), parse_request_id(request.request_id), options, request.plan_hash)


def revert_after(request: pb.RevertRequest) -> cmd.Revert:
    """Read a command to take a release back that is only looked at, as if others had been taken back first.

    Raises:
        InvalidInput: a name in it is wrong.
    """
    return msgspec.structs.replace(revert(request), after=_names(parse_ticket, request.after))


def adopt(request: pb.AdoptRequest) -> cmd.Adopt:
    """Read a command to take in a release that was done by hand.

    Raises:
        InvalidInput: a name in it is wrong, or the reason is missing.
    """
    return cmd.Adopt(
        parse_ticket(request.ticket),
        parse_request_id(request.request_id),
        parse_sha(request.base),
        parse_sha(request.merge),
        reason(request.reason),
    )


def resume_run(request: pb.ResumeRequest) -> cmd.ResumeRun:
    """Read a command to resume.

    Raises:
        InvalidInput: a name in it is wrong.
    """
    phase = parse_phase(request.from_phase) if request.from_phase else None
    ticket, request_id = parse_ticket(request.ticket), parse_request_id(request.request_id)
    playbook = parse_playbook(request.playbook) if request.playbook else ""
    return cmd.ResumeRun(ticket, request_id, phase, optional_reason(request.reason), playbook)


def cancel(request: pb.CancelRequest) -> cmd.Cancel:
    """Read a command to cancel.

    Raises:
        InvalidInput: a name in it is wrong, or the reason is missing.
    """
    ticket, request_id = parse_ticket(request.ticket), parse_request_id(request.request_id)
    return cmd.Cancel(ticket, request_id, reason(request.reason), request.kill)


def resolve(request: pb.ResolveRequest) -> cmd.Resolve:
    """Read a command to settle a step.

    Raises:
        InvalidInput: a name in it is wrong, or the reason is missing.
    """
    ticket, request_id = parse_ticket(request.ticket), parse_request_id(request.request_id)
    if len(request.step) > _LONGEST_STEP:
        raise InvalidInput("step_invalid", f"The name of a step has at most {_LONGEST_STEP} characters.")
    return cmd.Resolve(ticket, request_id, request.step, request.done, reason(request.reason))


def release_lock(request: pb.ReleaseLockRequest) -> cmd.ReleaseLock:
    """Read a command to give a halted release up.

    Raises:
        InvalidInput: the request's id is wrong, or the reason is missing.
    """
    return cmd.ReleaseLock(parse_request_id(request.request_id), reason(request.reason))


def unreasoned(
    request: pb.CheckRequest,
) -> tuple[str, cmd.ResumeRun | cmd.Cancel | cmd.Resolve | cmd.ReleaseLock]:
    """Read the environment and the command that is to be checked; for its reason nobody was asked yet.

    Raises:
        InvalidInput: a name in it is wrong, or there is no command.
    """
    match request.WhichOneof("command"):
        case "resume":
            request.resume.reason = _ASKED_LATER
            return request.resume.environment, resume_run(request.resume)
        case "cancel":
            request.cancel.reason = _ASKED_LATER
            return request.cancel.environment, cancel(request.cancel)
        case "resolve":
            request.resolve.reason = _ASKED_LATER
            return request.resolve.environment, resolve(request.resolve)
        case "release_lock":
            request.release_lock.reason = _ASKED_LATER
            return request.release_lock.environment, release_lock(request.release_lock)
        case _:
            raise InvalidInput("command_missing", "There is no command to be checked.")


def note(request: pb.NoteRequest) -> cmd.Note:
    """Read a remark.

    Raises:
        InvalidInput: a name in it is wrong, or the remark is empty.
    """
    return cmd.Note(parse_ticket(request.ticket), parse_request_id(request.request_id), reason(request.text))


def legal_hold(request: pb.LegalHoldRequest) -> cmd.LegalHold:
    """Read a legal hold, or the end of one.

    Raises:
        InvalidInput: a name in it is wrong, or there is no reason.
    """
    ticket, request_id = parse_ticket(request.ticket), parse_request_id(request.request_id)
    return cmd.LegalHold(ticket, request_id, reason(request.reason), request.lift)


def run_hook(request: pb.RunHookRequest) -> cmd.RunHook:
    """Read a command to run a hook.

    Raises:
        InvalidInput: a name in it is wrong.
    """
    service, hook = parse_service(request.name), parse_hook(request.hook)
    return cmd.RunHook(service, hook, parse_request_id(request.request_id), optional_reason(request.reason))


def patience_s(given: float) -> float:
    """Accept how long somebody wants to wait for a turn, in seconds.

    Raises:
        InvalidInput: it is no such time, or so long that nobody can still be waiting.
    """
    if not 0 <= given <= _LONGEST_WAIT_S:  # false for what is not a number, too
        raise InvalidInput("wait_invalid", "Expected a time to wait between nothing and 30 days (--lock-wait).")
    return given


def moment(given: Timestamp) -> dt.datetime:
    """Accept a moment.

    Raises:
        InvalidInput: no calendar knows it.
    """
    try:
        return given.ToDatetime(dt.UTC)
    except (ValueError, OverflowError):
        raise InvalidInput("time_invalid", "Expected a moment between the years 1 and 9999.") from None


def limit(given: int, most: int) -> int:
    """Accept how many are to be listed at most; 0 stands for a screenful.

    Raises:
        InvalidInput: more than are listed at once.
    """
    if given > most:
        raise InvalidInput("limit_too_high", f"At most {most} can be listed at once, got {given}.")
    return given or _SCREENFUL


def reason(text: str) -> str:
    """Accept a reason.

    Raises:
        InvalidInput: it is missing, a placeholder of ours, or too long.
    """
    if not text.strip():
        raise InvalidInput("reason_missing", "This needs a reason (--reason); it is put on the record.")
    return optional_reason(text)


def optional_reason(text: str) -> str:
    """Accept a reason that may be left out.

    Raises:
        InvalidInput: it is a placeholder of ours, or too long.
    """
    given = text.strip()
    if len(given) > _LONGEST_TEXT:
        raise InvalidInput(
            "text_too_long",
            f"A reason or remark has at most {_LONGEST_TEXT} characters, and this one {len(given)}. Put the rest where "
            "it can be read, and say where that is.",
        )
    if _PLACEHOLDER.fullmatch(given):
        raise InvalidInput("reason_missing", f"{given} stands for the reason; put the real one there.")
    return given


def _names(parse: Callable[[str], NameT], given: Sequence[str]) -> tuple[NameT, ...]:
    """Accept a list of names, each once."""
    if len(given) > _MOST_NAMES:
        raise InvalidInput("too_many_names", f"At most {_MOST_NAMES} names may be given at once, got {len(given)}.")
    return tuple(dict.fromkeys(map(parse, given)))
