"""How a release that rests came out: exit code, the failure, and what to type next (spec: Messages, Exit codes)."""

from __future__ import annotations

import shlex

import msgspec

from released.domain import events as ev
from released.domain.failure import Failure, NextCommand
from released.domain.ids import Phase
from released.domain.releases import lifecycle, next_steps
from released.domain.releases.release import ReleaseState, required, required_reversal

DONE, FAILED, NOT_FOUND, NOTHING_TO_DO, IN_DOUBT = 0, 1, 4, 5, 8


class Outcome(msgspec.Struct, frozen=True):
    """What an operator is told at the end."""

    exit_code: int
    message: str
    failure: Failure | None = None
    next: tuple[NextCommand, ...] = ()


def outcome(state: ReleaseState) -> Outcome:
    """Tell how a release that rests came out."""
    match state.status:
        case lifecycle.RELEASED:
            return Outcome(DONE, _released(state))
        case lifecycle.REVERTED:
            return Outcome(DONE, _reverted(state))
        case lifecycle.NOTHING_TO_DO:
            return Outcome(NOTHING_TO_DO, _nothing_to_do(state))
        case lifecycle.ABANDONED:
            told = f"Ticket {state.ticket} was given up; the environment is free, and what it did stays as it is."
            return Outcome(FAILED, told, next=next_steps.take_back(state))
        case lifecycle.HALTED if state.halt is not None:
            code = IN_DOUBT if state.halt.cause == "in_doubt" else FAILED
            return Outcome(code, _halted(state), state.halt.failure, state.halt.failure.next)
        case _:
            return Outcome(NOT_FOUND, "This ticket was never run here; every attempt was refused.")


def _range(state: ReleaseState) -> str:
    plan = required(state.plan)
    return f"{plan.base_sha[:12]}..{plan.merge_sha[:12]}"


def _nothing_to_do(state: ReleaseState) -> str:
    verdicts = required(state.plan).verdicts
    lines = "\n".join(f"  {verdict.path}: {verdict.rule}" for verdict in verdicts)
    return (
        f"Nothing to do for ticket {state.ticket} ({_range(state)}): no service is affected and the ticket has no "
        f"script. The checkout has not moved.\n{lines}"
    )


def _released(state: ReleaseState) -> str:
    if state.reversal is not None:
        return f"The revert of ticket {state.ticket} is taken back: it is released ({_range(state)}).{_pushed(state)}"
    return f"Ticket {state.ticket} is released ({_range(state)})."


def _reverted(state: ReleaseState) -> str:
    reversal = required_reversal(state)
    code = (
        "its code stays" if reversal.plan.target_sha is None else f"the tree is that of {reversal.plan.target_sha[:12]}"
    )
    restored = ", ".join(one.service for one in state.results(ev.DataRestored, Phase.REVERT))
    data = f"data restored: {restored}" if restored else "no data was restored"
    return f"Ticket {state.ticket} is taken back: {code}; {data}.{_pushed(state)}"


def _pushed(state: ReleaseState) -> str:
    pushed = next(iter(state.results(ev.Pushed, Phase.REVERT)), None)
    if pushed is None or not pushed.refused:
        return ""
    return f"\nThe commit {pushed.commit} was not pushed: {pushed.refused}"


def _halted(state: ReleaseState) -> str:
    halt = state.halt
    if halt is None:
        return ""
    command = shlex.join(next_steps.resume(state.ticket, reason=next_steps.why_after(halt.cause)).argv)
    if halt.cause == "in_doubt":
        settle = f"releasectl resolve {state.ticket} {halt.step} --as"
        command = f"{settle} done     (it took effect)\n  {settle} failed   (it did not)\nand then:\n  {command}"
    failed = f"release-run failed in phase {halt.phase}. To roll back:\n  "
    if state.is_way_back:
        return f"{failed}{command}"
    return f"{failed}releasectl revert {state.ticket}\nTo go on once the cause is mended:\n  {command}"
