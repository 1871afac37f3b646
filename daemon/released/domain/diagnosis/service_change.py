"""What a release brings for its services, against the last good release of each; from the record alone."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import NamedTuple

from released.domain import events as ev
from released.domain.diagnosis.document import ServiceChange
from released.domain.ids import Phase
from released.domain.releases.plan import ReleasePlan, ServicePlan
from released.domain.releases.release import ReleaseState


class Good(NamedTuple):
    """A release that ended well, and the services that it brought."""

    ticket: str
    at: dt.datetime
    merge: str
    services: dict[str, ServicePlan]


def good_releases(events: Iterable[ev.Recorded], ticket: str) -> tuple[Good, ...]:
    """List the runs of a ticket that ended well; one that was taken back is no good one, until that is taken back."""
    plan, good = None, dict[int, Good]()
    for recorded in events:
        match recorded.event:
            case ev.RunRequested(plan=accepted):
                plan = accepted
            case ev.Resumed(plan=renewed) if renewed is not None:
                plan = renewed
            case ev.Adopted(run=run, plan=adopted):
                plan, good[run] = adopted, _good(ticket, recorded.at, adopted)
            case ev.Released(run=run) | ev.RevertUndone(run=run) if plan is not None:
                good[run] = _good(ticket, recorded.at, plan)
            case ev.RevertRequested(run=run):
                good.pop(run, None)
            case _:
                pass
    return tuple(good.values())


def _good(ticket: str, at: dt.datetime, plan: ReleasePlan) -> Good:
    return Good(ticket, at, plan.merge_sha, {one.name: one for one in plan.services})


def service_changes(state: ReleaseState, good: Iterable[Good], only: Iterable[str] = ()) -> tuple[ServiceChange, ...]:
    """Compare the services of a release with the last good release of each.

    Args:
        state: of the release.
        good: releases that ended well before it.
        only: the services that matter; all of the plan where none is named.
    """
    plan = state.plan
    if plan is None:
        return ()
    wanted = set(only)
    latest = sorted(good, key=lambda one: one.at)
    kept = {one.service: one for one in state.results(ev.ImagesKept, Phase.PREPARE)}
    return tuple(
        _change(state, service, [one for one in latest if service.name in one.services], kept.get(service.name))
        for service in plan.services
        if not wanted or service.name in wanted
    )


def _change(state: ReleaseState, service: ServicePlan, before: list[Good], kept: ev.ImagesKept | None) -> ServiceChange:
    plan, last = state.plan, before[-1] if before else None
    ran = ", ".join(sorted(set(kept.references.values()))) if kept else ""
    released = _image(last.services[service.name]) if last else ""
    return ServiceChange(
        service=service.name,
        since_ticket=last.ticket if last else "",
        since=last.at if last else None,
        base=last.merge if last else (plan.base_sha if plan else ""),
        merge=plan.merge_sha if plan else "",
        image_before=ran or released,
        image_now=_image(service),
        paths=tuple(one.path for one in plan.verdicts if service.name in one.services) if plan else (),
    )


def _image(service: ServicePlan) -> str:
    return service.image.reference if service.image else ""
