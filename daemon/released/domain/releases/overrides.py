"""What an operator decided against the usual way, as the record has it: shown wherever the release is shown."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import msgspec

from released.domain import events as ev
from released.domain.listing import shortened
from released.domain.releases import lifecycle


class Override(msgspec.Struct, frozen=True):
    """One decision against the usual way, with its reason."""

    kind: str
    detail: str
    reason: str
    by: str
    at: dt.datetime


def overrides_in(recorded: ev.Recorded, status: str) -> tuple[Override, ...]:
    """List the decisions that an event records.

    Args:
        recorded: the event.
        status: of the release before it.
    """
    by, at = recorded.actor.name, recorded.at
    return tuple(Override(kind, detail, reason, by, at) for kind, detail, reason in _decisions(recorded.event, status))


def _decisions(event: ev.Event, status: str) -> Iterator[tuple[str, str, str]]:
    """Give kind, detail and reason of each decision."""
    match event:
        case ev.RunRequested(options=options):
            yield from ((kind, detail, options.reason) for kind, detail in _of_run(event))
        case ev.PhaseSkipped(phase=phase, reason=reason) if status == lifecycle.HALTED:
            yield "skip", f"phase {phase} was left unfinished", reason
        case ev.Resumed(phase=phase, anew=True, reason=reason):
            yield "from", f"phase {phase} was done again", reason
        case ev.StepResolved(step=step, done=done, reason=reason):
            yield "resolved", f"{step} counts as {'done' if done else 'failed'}", reason
        case ev.RevertRequested(options=options):
            yield from ((kind, detail, options.reason) for kind, detail in _of_revert(options))
        case ev.Adopted(reason=reason):
            yield "adopted", "it was released by hand", reason
        case _:
            pass


def _of_run(event: ev.RunRequested) -> Iterator[tuple[str, str]]:
    options, plan = event.options, event.plan
    yield from (("skip", f"phase {phase} is left out") for phase in options.skip)
    if options.base:
        yield "base", f"changes are counted from {options.base[:12]}"
    yield from (("with", f"the scripts of ticket {ticket} are taken along") for ticket in options.with_tickets)
    if plan.brought_back:
        yield "include_reverted", f"commits that were held as bad come back: {_named(plan.brought_back)}"
    if plan.branch:
        yield "allow_branch", f"branch {plan.branch} is released"


def _of_revert(options: ev.RevertOptions) -> Iterator[tuple[str, str]]:
    if options.skip_git:
        yield "skip_git", "the code is not taken back"
    if options.skip_data:
        yield "skip_data", "no data is restored"
    yield from (("with_data", f"stateful data is restored: {name}") for name in options.with_data)


def _named(commits: tuple[str, ...]) -> str:
    return ", ".join(shortened([commit[:12] for commit in commits], at_most=3))
