"""What stood before a release, or before a revert, as the record knows it: what a revert brings back."""

from __future__ import annotations

import msgspec

from released.domain import events as ev
from released.domain import lifecycle
from released.domain.ids import Phase, Sha
from released.domain.release import ReleaseState, required, required_reversal


class Snapshot(msgspec.Struct, frozen=True):
    """A state of the environment that can be brought back."""

    services: tuple[str, ...]
    """Those that were touched since."""
    tree: Sha | None
    """The commit whose tree was checked out; ``None`` where the code has not moved since."""
    left_at: str
    """The commit whose tree is checked out now, unless somebody else moved it."""
    images: dict[str, ev.ImagesKept]
    """By service."""
    backups: dict[str, str]
    """Stamps by service."""


def stood_before(state: ReleaseState, head: str) -> Snapshot:
    """Tell what stood before the latest thing that was done: the release, or its revert.

    Args:
        state: a release that may be taken back.
        head: where the checkout stands now.
    """
    undoes = state.status == lifecycle.REVERTED
    phase = Phase.REVERT if undoes else Phase.PREPARE
    return Snapshot(
        services=_reverted_services(state) if undoes else touched_services(state),
        tree=_tree_before_revert(state) if undoes else _tree_before_release(state, head),
        left_at=state.head if undoes else required(state.plan).merge_sha,
        images={one.service: one for one in state.results(ev.ImagesKept, phase)},
        backups={one.service: one.stamp for one in state.results(ev.BackedUp, phase)},
    )


def _tree_before_revert(state: ReleaseState) -> Sha | None:
    plan = required_reversal(state).plan
    return plan.head_sha if plan.target_sha is not None else None


def _tree_before_release(state: ReleaseState, head: str) -> Sha | None:
    """Before the fast-forward there is no code to take back, and none is made up (spec: revert)."""
    plan = required(state.plan)
    move = state.step("checkout.fast-forward")
    recorded = move is not None and move.status == "succeeded"
    return plan.base_sha if recorded or (head == plan.merge_sha != plan.head_sha) else None


def _reverted_services(state: ReleaseState) -> tuple[str, ...]:
    return tuple(service.name for service in required_reversal(state).plan.services)


def touched_services(state: ReleaseState) -> tuple[str, ...]:
    """List the services that a release may have changed: by a hook or new containers, or by a script of the ticket."""
    attempted = {name for name, step in state.steps.items() if step.attempt > 0}
    scripted = any(state.steps[name].phase is Phase.TICKET and not name.endswith(".checkout") for name in attempted)
    return tuple(
        service.name
        for service in required(state.plan).services
        if scripted or any(_changes(state, service.name, name) for name in attempted)
    )


def _changes(state: ReleaseState, service: str, step: str) -> bool:
    """Tell whether a step changes a service; reading its Compose file and getting its image does not."""
    reads = (f"{service}.compose", f"{service}.image")
    return state.steps[step].phase is Phase.MIGRATE and step.startswith(f"{service}.") and step not in reads
