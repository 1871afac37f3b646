"""After a restart of the host: compares the record of a release with what is there, before anything else happens.

Nothing that is on record of containers is trusted across a power cut. What is the release's own is settled; what is
missing, or somebody else's, is for a person.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence

from released.adapters.durability import sync_engine_data
from released.domain import events as ev
from released.domain.errors import StepFailed
from released.domain.failure import Failure
from released.domain.releases import next_steps, reconciliation
from released.domain.releases.reconciliation import Recorded
from released.domain.releases.release import ReleaseState
from released.domain.releases.standing import Settlement, Verb
from released.engine.slots import attempt_slot
from released.phases.checkout import require_sound
from released.phases.health import wait_healthy
from released.phases.ownership import strangers
from released.phases.quiesce import wake
from released.phases.settling import carry_out, own_containers, standing
from released.phases.world import World

logger = logging.getLogger(__name__)

_DONE = {Verb.REMOVE: "removed", Verb.PUT_BACK: "given its name again", Verb.START: "started"}


def is_due(state: ReleaseState, boot_id: str) -> bool:
    """Tell whether the host was restarted since a step was begun, or the record compared.

    A comparison that the release has not gone on by, for something was missing or not well, is made once more.
    """
    unsettled = state.reconciled is not None and not state.is_to_be_killed
    return unsettled or state.boot_id not in ("", boot_id)


def reconcile(world: World, state: ReleaseState, boot_id: str) -> ev.Reconciled:
    """Settle the release's own containers, and say what was done and what is missing; may be repeated.

    What the engine refuses to do with a container is missing, too: it would refuse it each time.

    Raises:
        Refused: ``engine_unreachable``; ``git_failed``, where git cannot read the checkout.
        StepFailed: ``checkout_damaged``; or the engine would not say what there is.
    """
    still = [*wake_writers(world, state)]  # first: they serve whatever is the matter with the checkout
    require_sound(world, state)
    found = [_settle(world, one) for one in reconciliation.recorded(state)]
    if any(settled for settled, _ in found):
        sync_engine_data(world.engine.data_root())
    settled = tuple(said for sentences, _ in found for said in sentences)
    return ev.Reconciled(boot_id, settled, (*still, *(said for _, sentences in found for said in sentences)))


def require_all(world: World, state: ReleaseState, reconciled: ev.Reconciled) -> None:
    """Return when all that is on record is there, and services that were well are well again.

    Raises:
        StepFailed: ``effect_missing``; or as a service is not well, after its own patience.
    """
    if reconciled.missing:
        raise StepFailed(_effect_missing(state, reconciled.missing))
    for service in reconciliation.well(state):
        wait_healthy(world, service, logger.info)


def wake_writers(world: World, state: ReleaseState) -> Iterator[str]:
    """Wake what a backup held still when daemon or host went down; say what does not wake.

    Raises:
        Refused: ``engine_unreachable``.
    """
    for step in state.steps.values():
        if step.attempt:
            try:
                wake(world, attempt_slot(world, state, step.name, step.attempt))
            except StepFailed as failed:
                yield f"what {step.name} held still does not run again: {world.mask(failed.message)}"


def _effect_missing(state: ReleaseState, missing: Sequence[str]) -> Failure:
    """Explain what is not there; it is not done again unasked, for scripts may have worked on it since."""
    phase = reconciliation.done_again_in(state)
    message = (
        f"The host was restarted, and what is on record is not what is there: {'; '.join(missing)}. "
        f"No more was done about that. Look at it first; where it cannot be mended, have phase {phase} done again."
    )
    return Failure("effect_missing", message, next=(next_steps.resume(state.ticket, phase, next_steps.WHY),))


def _settle(world: World, record: Recorded) -> tuple[list[str], list[str]]:
    """Settle one service; a name that somebody else has taken leaves all of it as it is."""
    taken = strangers(world, record.names, (record.project,))
    if taken:
        return [], taken
    verdict = reconciliation.decide(record, standing(own_containers(world, record.project, record.compose_services)))
    settled, refused = _carry_out(world, record.project, verdict.settlements)
    return settled, [*verdict.missing, *refused]


def _carry_out(world: World, project: str, settlements: Sequence[Settlement]) -> tuple[list[str], list[str]]:
    """Do what was decided, one by one; what the engine refuses keeps nothing else from being done."""
    settled: list[str] = []
    refused: list[str] = []
    for one in settlements:
        try:
            settled += carry_out(world, project, (one,))
        except StepFailed as failed:
            said = world.mask(failed.message)
            refused.append(f"{one.container.own_name} could not be {_DONE[one.verb]}: {said}")
    return settled, refused
