"""How a release that rests came out: exit code, the failure, and what to type next (spec: Messages, Exit codes)."""

from __future__ import annotations

import msgspec

from released.domain import lifecycle
from released.domain.failure import Failure, NextCommand
from released.domain.release import ReleaseState, required

DONE, FAILED, NOT_FOUND, NOTHING_TO_DO, IN_DOUBT = 0, 1, 4, 5, 8


class Outcome(msgspec.Struct, frozen=True):
    """What an operator is told at the end."""

    exit_code: int
    message: str
    failure: Failure | None = None
    next: tuple[NextCommand, ...] = ()


def outcome(state: ReleaseState, repo: str) -> Outcome:
    """Tell how a release that rests came out.

    Args:
        state: the release.
        repo: the checkout, for the commands that lead back.
    """
    match state.status:
        case lifecycle.RELEASED:
            return Outcome(DONE, f"Ticket {state.ticket} is released ({_range(state)}).")
        case lifecycle.NOTHING_TO_DO:
            return Outcome(NOTHING_TO_DO, _nothing_to_do(state))
        case lifecycle.ABANDONED:
            return Outcome(FAILED, f"Ticket {state.ticket} was given up; the environment is free.")
        case lifecycle.HALTED if state.halt is not None:
            code = IN_DOUBT if state.halt.cause == "in_doubt" else FAILED
            return Outcome(code, _halted(state, repo), state.halt.failure, state.halt.failure.next)
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


def _halted(state: ReleaseState, repo: str) -> str:
    halt = state.halt
    if halt is None:
        return ""
    command = f"releasectl resume {state.ticket}"
    if halt.cause == "in_doubt":
        command = (
            f"releasectl resolve {state.ticket} {halt.step} --as done|failed --reason 'what you found'\n  {command}"
        )
    return (
        f"release-run failed in phase {halt.phase}. To roll back:\n{_way_back(state, repo)}\n"
        f"To go on once the cause is mended:\n  {command}"
    )


def _way_back(state: ReleaseState, repo: str) -> str:
    plan = required(state.plan)
    moving = state.step("checkout.fast-forward")
    if state.head == plan.head_sha and (moving is None or moving.attempt == 0):
        return "  nothing to take back: the checkout has not moved and nothing deployed was touched"
    services = ", ".join(service.name for service in plan.services)
    return (
        f"  git -C {repo} reset --hard {plan.base_sha}   (then recreate by hand: {services or 'no service'})\n"
        "  this version takes a release back by hand only; the backups are named in the ticket's .env file"
    )
