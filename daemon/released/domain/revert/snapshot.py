"""What stood before a release, or before a revert, as the record knows it: what a revert brings back."""

from __future__ import annotations

import msgspec

from released.domain import events as ev
from released.domain.ids import Phase, Sha
from released.domain.releases import lifecycle
from released.domain.releases.release import ReleaseState, required, required_reversal
from released.domain.releases.touched import touched_services


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
    new_volumes: dict[str, tuple[str, ...]]
    """By service: volumes that there was nothing of when its data was saved."""


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
        left_at=state.head if undoes else _left_at(state, head),
        images={one.service: one for one in state.results(ev.ImagesKept, phase)},
        backups={one.service: one.stamp for one in state.results(ev.BackedUp, phase)},
        new_volumes={one.service: one.nothing_yet for one in state.results(ev.BackedUp, phase) if one.nothing_yet},
    )


def _tree_before_revert(state: ReleaseState) -> Sha | None:
    plan = required_reversal(state).plan
    return plan.head_sha if plan.target_sha is not None else None


def _tree_before_release(state: ReleaseState, head: str) -> Sha | None:
    """Before the fast-forward there is no code to take back, and none is made up (spec: revert)."""
    plan = required(state.plan)
    moved_unrecorded = head == plan.merge_sha != plan.head_sha
    return plan.base_sha if state.has_moved or moved_unrecorded else None


def _left_at(state: ReleaseState, head: str) -> str:
    """Name where the record has the checkout; the last move may have taken place and not be recorded."""
    merge = required(state.plan).merge_sha
    return merge if head == merge else state.head


def _reverted_services(state: ReleaseState) -> tuple[str, ...]:
    return tuple(service.name for service in required_reversal(state).plan.services)
