"""ticket: run what only this ticket needs, in name order (spec: ticket)."""

from __future__ import annotations

from released.domain.ids import Phase
from released.domain.releases.release import ReleaseState, required
from released.phases.checkout import at_merge
from released.phases.effects import Step
from released.phases.executables import executable_step
from released.phases.world import World


def steps(world: World, state: ReleaseState) -> list[Step]:
    """Run each script of the ticket once; none, and the phase is skipped."""
    scripts = required(state.plan).scripts
    if not scripts:
        return []
    return [
        at_merge(world, state, Phase.TICKET),
        *(executable_step(world, state, script.name, script) for script in scripts),
    ]
