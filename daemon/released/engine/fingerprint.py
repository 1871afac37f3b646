"""The hash of a plan: it changes with the remote, the configuration and the images that run (spec: plan)."""

from __future__ import annotations

import hashlib

import msgspec

from released.domain.commands import Revert, StartRun
from released.domain.errors import Refused
from released.domain.failure import NextCommand
from released.domain.releases import next_steps
from released.domain.releases.plan import ReleasePlan, ServicePlan
from released.domain.revert.plan import RevertPlan
from released.phases.projects import containers_now
from released.phases.world import World

_DIGITS = 16


def fingerprint(world: World, plan: ReleasePlan | RevertPlan) -> str:
    """Hash a plan with everything around it that decides what carrying it out would do; 16 hex digits."""
    known = {
        "plan": msgspec.to_builtins(plan),
        "configuration": world.settings.model_dump(mode="json"),
        "images": {one.name: one.image_id for service in _services(plan) for one in containers_now(world, service)},
    }
    return hashlib.sha256(msgspec.json.encode(known, order="sorted")).hexdigest()[:_DIGITS]


def _services(plan: ReleasePlan | RevertPlan) -> list[ServicePlan]:
    return list(plan.services) if isinstance(plan, ReleasePlan) else [one.present for one in plan.services]


def refuse_stale(world: World, plan: ReleasePlan | RevertPlan, command: StartRun | Revert) -> None:
    """Let pass only the plan that was looked at; any where none was.

    Raises:
        Refused: ``plan_stale``.
    """
    looked_at = command.plan_hash
    if looked_at and looked_at != (present := fingerprint(world, plan)):
        raise Refused(
            "plan_stale",
            f"The plan is not {looked_at} any more but {present}: the remote, the configuration or the images that run "
            "have moved. Look at it again, then go on with the new hash.",
            _look_again(command),
        )


def _look_again(command: StartRun | Revert) -> tuple[NextCommand, ...]:
    if isinstance(command, Revert):
        return next_steps.plan_revert(command.ticket, command.options)
    return next_steps.plan(command.ticket, command.options)
