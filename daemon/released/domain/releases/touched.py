"""What a release may have changed, as the record knows it, and what a revert of it would lose."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from released.domain import events as ev
from released.domain.ids import Phase

if TYPE_CHECKING:
    from released.domain.releases.release import ReleaseState


def touched_services(state: ReleaseState) -> tuple[str, ...]:
    """List the services that a release may have changed: by a hook or new containers, or by a script of the ticket.

    One that only an earlier plan of the run affected counts, too: a fix that was taken up does not bring it back.
    """
    attempted = [step for step in state.steps.values() if step.attempt > 0]
    planned = [service.name for service in state.plan.services] if state.plan else []
    known = dict.fromkeys([*planned, *(one.service for one in state.results(ev.ImagesKept, Phase.PREPARE))])
    changed = {_changed_by(step.name, list(known)) for step in attempted if step.phase is Phase.MIGRATE}
    if script_began(state):
        changed.update(planned)
    return tuple(name for name in known if name in changed)


def script_began(state: ReleaseState) -> bool:
    """Tell whether a script of the ticket may have done something."""
    scripts = (step for step in state.steps.values() if step.phase is Phase.TICKET)
    return any(step.attempt > 0 and not step.name.endswith(".checkout") for step in scripts)


def _changed_by(step: str, services: Sequence[str]) -> str:
    """Name the service that a step of migrate changes; reading its Compose file and getting its image does not.

    A service's name may have dots, so the longest one that fits is meant.
    """
    service = max((name for name in services if step.startswith(f"{name}.")), key=len, default="")
    return "" if step in (f"{service}.compose", f"{service}.image") else service


def revert_loses_data(state: ReleaseState) -> bool:
    """Tell whether a revert without options restores volumes, so that what was written since the backup is lost.

    The data of a stateful service stays unless it is chosen (spec: The ops repo, stateful).
    """
    touched, saved = touched_services(state), {one.service for one in state.results(ev.BackedUp, Phase.PREPARE)}
    services = state.plan.services if state.plan else ()
    return any(
        one.name in touched and one.name in saved and "volume" in one.backup.kinds and not one.stateful
        for one in services
    )
