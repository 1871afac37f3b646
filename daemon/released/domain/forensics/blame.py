"""What put a running thing there: ticket, commit, image, scripts and person; from the record alone."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence

import msgspec

from released.domain import events as ev
from released.domain.forensics.decision import decision_before, reason_of
from released.domain.releases import release
from released.domain.releases.narration import line
from released.domain.releases.plan import Executable
from released.domain.releases.release import ReleaseState, required, required_reversal
from released.domain.revert.plan import RevertPlan


class Provenance(msgspec.Struct, frozen=True):
    """Where something that a release put in place comes from."""

    commit: str
    """At which the checkout stood then."""
    decided: str
    """What a person asked for, in one line."""
    by: str
    uid: int
    decided_at: dt.datetime
    decided_version: int
    reason: str
    scripts: tuple[Executable, ...]
    """Hooks of the service and scripts of the ticket that ran to their end on that way."""


def provenance(events: Sequence[ev.Recorded], version: int, service: str) -> Provenance:
    """Tell where what an event put in place comes from.

    Args:
        events: the whole record of the ticket.
        version: of the event.
        service: whose container it is.
    """
    then, decision = release.fold(events[:version]), decision_before(events, version)
    if decision is None:
        raise AssertionError("no release puts anything in place that nobody asked for")
    return Provenance(
        commit=then.head,
        decided=line(decision.event),
        by=decision.actor.name,
        uid=decision.actor.uid,
        decided_at=decision.at,
        decided_version=decision.version,
        reason=reason_of(decision.event),
        scripts=tuple(_scripts(_last_of_run(events, then), service)),
    )


def _last_of_run(events: Sequence[ev.Recorded], then: ReleaseState) -> ReleaseState:
    """Fold the record to the end of the way that the release was on: what came after it is another story."""
    state = then
    for recorded in events[then.version :]:
        if isinstance(recorded.event, ev.RunRequested | ev.RevertRequested | ev.Adopted):
            break
        state = release.evolve(state, recorded)
    return state


def _scripts(state: ReleaseState, service: str) -> Iterator[Executable]:
    """List what ran to its end of the executables that the plan has for a service, and of the ticket's scripts."""
    for name, executable in executable_steps(state, service):
        step = state.step(name)
        if step is not None and step.status == "succeeded":
            yield executable


def executable_steps(state: ReleaseState, service: str) -> Iterator[tuple[str, Executable]]:
    """Give each executable that the way a release is on has for a service, with the name of its step."""
    return steps_back(required_reversal(state).plan, service) if state.is_way_back else steps_forth(state, service)


def steps_forth(state: ReleaseState, service: str) -> Iterator[tuple[str, Executable]]:
    """Give the hooks of a service and the scripts of the ticket, with the names of their steps."""
    plan = required(state.plan)
    for one in plan.services:
        if one.name == service:
            hooks = (*one.pre_start_init, *one.post_start_init, *one.ensure_config)
            yield from ((f"{service}.{hook.name}", hook) for hook in hooks)
    yield from ((script.name, script) for script in plan.scripts)


def steps_back(plan: RevertPlan, service: str) -> Iterator[tuple[str, Executable]]:
    """Give the hooks that follow the restored data of a service, with the names of their steps."""
    for former in (one.former for one in plan.services if one.name == service and one.former):
        yield from ((f"revert.{service}.fix.{hook.name}", hook) for hook in former.post_restore_fixes)
        yield from ((f"revert.{service}.{hook.name}", hook) for hook in former.post_data_restore)
