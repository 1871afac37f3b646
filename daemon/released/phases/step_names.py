"""Every step of a run has a name of its own, or what is on record of one would count for another."""

from __future__ import annotations

from collections import Counter

from released.domain.errors import Refused
from released.domain.releases.plan import ReleasePlan
from released.domain.releases.release import ReleaseState
from released.phases import migrate, prepare, ticket, verify
from released.phases.world import World


def refuse_taken_names(world: World, plan: ReleasePlan) -> None:
    """Let pass only a plan whose steps can be told apart by their names; services, hooks and scripts bring their own.

    Raises:
        Refused: ``step_name_taken``, with every name that two steps would have.
    """
    state = ReleaseState(ticket=plan.ticket, plan=plan)
    names = Counter(step.name for phase in (prepare, migrate, ticket, verify) for step in phase.steps(world, state))
    taken = sorted(name for name, times in names.items() if times > 1)
    if taken:
        raise Refused(
            "step_name_taken",
            f"Two steps of this release would have the same name: {', '.join(taken)}. A step is named after its "
            "service and hook, or after its script; rename one of them, then run again.",
        )
