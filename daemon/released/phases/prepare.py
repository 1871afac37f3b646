"""prepare: save what will be touched, keep the images that run, and move the checkout last (spec: prepare, 5, 6)."""

from __future__ import annotations

from released.domain import events as ev
from released.domain.releases.release import ReleaseState, required
from released.phases.effects import Done, Fate, NotDone, Observed, Slot, Step
from released.phases.saving import back_up, keep_images
from released.phases.world import World


def steps(world: World, state: ReleaseState) -> list[Step]:
    """Back up each affected service that asks for it, keep its images, then move the checkout."""
    plan = required(state.plan)
    wanting = [service for service in plan.services if service.backup.kinds]
    before = f"{state.ticket}-{state.run}"
    return [
        *(Step(f"{service.name}.backup", back_up(world, state, service)) for service in wanting),
        *(Step(f"{service.name}.keep-images", keep_images(world, service, before)) for service in plan.services),
        Step("checkout.fast-forward", _move(world, state)),
    ]


def _move(world: World, state: ReleaseState) -> Observed:
    """Bring the checkout to MERGE_SHA; unpushed revert commits of ours, which that lacks, are kept under a ref."""
    plan = required(state.plan)
    head, merge = plan.head_sha, plan.merge_sha

    def act(slot: Slot) -> ev.CheckoutMoved:
        # An attempt that failed after git had moved the checkout, or a person, may have been here before.
        if not world.git.settle_move(head, merge):
            if not world.git.is_ancestor(head, merge):
                world.git.keep(head, f"reverts/{head}")
                slot.say(f"kept {head} as refs/released/reverts/{head}")
            world.git.move(head, merge)
        slot.say(f"{head[:12]} → {merge[:12]}")
        return ev.CheckoutMoved(merge)

    def observe(_: Slot) -> Fate:
        return Done(ev.CheckoutMoved(merge)) if world.git.settle_move(head, merge) else NotDone()

    return Observed(act, observe)
