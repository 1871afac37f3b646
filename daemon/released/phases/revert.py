"""revert: bring back what stood before, save what stands now first, and verify the result (spec: revert).

Nothing is stopped before every former image is there; then, service by service in start order: its data, its former
containers, the hooks that follow a restore, and the wait until it is well.
"""

from __future__ import annotations

from itertools import chain

from released.adapters.durability import sync_engine_data
from released.domain import events as ev
from released.domain.errors import Refused, StepFailed
from released.domain.failure import Failure
from released.domain.ids import Phase, Sha
from released.domain.releases.plan import Executable, ServicePlan
from released.domain.releases.release import ReleaseState, Reversal, required_reversal
from released.domain.revert import commit as revert_commit
from released.domain.revert.plan import RevertPlan, ServiceReversal
from released.phases.effects import Done, Fate, Harmless, NotDone, Observed, Slot, Step
from released.phases.env_file import set_variables
from released.phases.executables import executable_step
from released.phases.health import healthy_step
from released.phases.ownership import own_labels, refuse_strangers
from released.phases.recreation import Composer
from released.phases.restoring import restore_data
from released.phases.saving import back_up, keep_images, kept_images
from released.phases.verify import verify_step
from released.phases.world import World


def steps(world: World, state: ReleaseState) -> list[Step]:
    """Save what stands now, take the code back, bring the services back, verify, and push where that was asked for."""
    reversal = required_reversal(state)
    plan = reversal.plan
    composer = Composer(world, state, Phase.REVERT)
    started = [(one, one.former) for one in plan.services if one.former is not None and is_recreated(one)]
    return [
        Step("revert.checkout", _checkout(world, state, reversal)),
        *(step for one in plan.services for step in _saving(world, state, reversal, one)),
        *_code(world, reversal),
        *(Step(f"revert.{one.name}.compose", composer.read(former)) for one, former in started),
        *(Step(f"revert.{one.name}.image", _former_images(world, one)) for one in plan.services if one.images),
        *_names_of_untouched(world, state, plan),
        *(step for one in plan.services for step in _bring_back(world, state, composer, one)),
        *(_verify(world, composer, one, former) for one, former in started),
        *([Step("revert.push", _push(world, state))] if plan.push else []),
    ]


def is_recreated(one: ServiceReversal) -> bool:
    """Tell whether a service gets new containers: its former image, or its restored data, takes them."""
    return bool(one.images) or one.restores


# --- what stands now ---------------------------------------------------------------------------------------------


def _checkout(world: World, state: ReleaseState, reversal: Reversal) -> Harmless:
    """Nobody may have moved the checkout since the revert was accepted, or work in it."""
    plan, code = reversal.plan, state.step("revert.code")

    def act(_: Slot) -> ev.Checked:
        if plan.target_sha is not None and code is not None and code.attempt > 0:
            # An attempt at the code that was cut off is ours to complete, not somebody's work in the way.
            world.git.settle_move(plan.head_sha, _commit(world, reversal, plan.target_sha))
        found = world.git.state()
        if found.head not in (plan.head_sha, state.head) and not _is_ours(world, reversal, found.head):
            message = f"HEAD of {world.root} is {found.head}, but was {plan.head_sha}: somebody moved the checkout. "
            raise StepFailed(Failure("head_moved", message + "Take it back to that commit, then resume."))
        if found.dirty:
            paths = ", ".join(one.path for one in found.dirty)
            message = (
                f"Working tree is dirty: {paths}. Take these changes away, then resume; a commit is in the way, too."
            )
            raise StepFailed(Failure("working_tree_dirty", message))
        return ev.Checked((f"✓ checkout at {found.head[:12]}",))

    return Harmless(act)


def _is_ours(world: World, reversal: Reversal, head: Sha) -> bool:
    """Tell whether HEAD is the commit of this revert, whose outcome may have got lost."""
    target = reversal.plan.target_sha
    return target is not None and head == _commit(world, reversal, target)


def _saving(world: World, state: ReleaseState, reversal: Reversal, one: ServiceReversal) -> list[Step]:
    """Save the present state, so that the revert can itself be taken back."""
    before = f"{state.ticket}-{state.run}-revert{reversal.number}"
    spare = next(chain((kept.image_id for kept in one.images), kept_images(state, one.name)), None)
    save = Step(f"revert.{one.name}.save", back_up(world, state, one.present, spare))
    keep = Step(f"revert.{one.name}.keep-images", keep_images(world, one.present, before))
    return [save, keep] if one.present.backup.kinds else [keep]


# --- the code ----------------------------------------------------------------------------------------------------


def _code(world: World, reversal: Reversal) -> list[Step]:
    target = reversal.plan.target_sha
    variables = {name: value for one in reversal.plan.services for name, value in one.variables.items()}
    pins = Step("revert.env-file", Harmless(lambda slot: set_variables(world, variables, slot)))
    code = [Step("revert.code", _take_back(world, reversal, target))] if target is not None else []
    return [*code, *([pins] if variables else [])]


def _take_back(world: World, reversal: Reversal, target: Sha) -> Observed:
    """Commit the former tree on top, the same commit each time it is tried, and move the checkout there."""
    head = reversal.plan.head_sha

    def act(slot: Slot) -> ev.CheckoutMoved:
        made = _commit(world, reversal, target)
        if not world.git.settle_move(head, made):
            world.git.move(head, made)
        slot.say(f"{head[:12]} → {made[:12]}, the tree of {target[:12]}")
        return ev.CheckoutMoved(made)

    def observe(_: Slot) -> Fate:
        made = _commit(world, reversal, target)
        return Done(ev.CheckoutMoved(made)) if world.git.settle_move(head, made) else NotDone()

    return Observed(act, observe)


def _commit(world: World, reversal: Reversal, target: Sha) -> Sha:
    """Make the commit that takes the code back; it is the same one each time."""
    message = revert_commit.message(reversal)
    return world.git.restoring_commit(reversal.plan.head_sha, target, message, reversal.since)


def _push(world: World, state: ReleaseState) -> Harmless:
    """Offer the commit to the remote; one that has moved on meanwhile does not undo what was brought back."""

    def act(slot: Slot) -> ev.Pushed:
        commit = Sha(state.head)
        try:
            world.git.push(commit)
        except Refused as refused:
            slot.say(refused.message)
            return ev.Pushed(commit, world.mask(refused.message))
        return ev.Pushed(commit)

    return Harmless(act)


# --- the services ------------------------------------------------------------------------------------------------


def _former_images(world: World, one: ServiceReversal) -> Harmless:
    """Find every former image on the engine, before anything is stopped."""

    def act(slot: Slot) -> ev.Checked:
        for kept in one.images:
            if world.engine.image_id(kept.image_id) is None:
                message = f"The image {kept.image_id} that {kept.container} ran is gone from the engine."
                raise StepFailed(
                    Failure("image_missing", f"{message} Pull or load it ({kept.reference}), then resume.")
                )
            slot.say(f"✓ {kept.reference} of {kept.container} is {kept.image_id[7:19]}")
        return ev.Checked(tuple(f"{kept.container}: {kept.image_id[7:19]}" for kept in one.images))

    return Harmless(act)


def _former_names(world: World, one: ServiceReversal) -> Harmless:
    """Put the former images under their former names.

    Just before their containers are made, for another service may have run another image under the same name.
    """

    def act(slot: Slot) -> None:
        for kept in one.images:
            world.engine.retag(kept.image_id, kept.reference)
            slot.say(f"{kept.reference} is {kept.image_id[7:19]}")

    return Harmless(act, durable=lambda: sync_engine_data(world.engine.data_root()))


def _names_of_untouched(world: World, state: ReleaseState, plan: RevertPlan) -> list[Step]:
    """Services that the release only got an image for keep their containers; the names tell what these run again."""
    touched = {one.name for one in plan.services}
    kept = [one for one in state.results(ev.ImagesKept, Phase.PREPARE) if one.service not in touched]
    running = {one.references[name]: image_id for one in kept for name, image_id in one.images.items()}

    def act(slot: Slot) -> None:
        for reference, image_id in running.items():
            if world.engine.image_id(image_id) is not None:
                world.engine.retag(image_id, reference)
                slot.say(f"{reference} is {image_id[7:19]}")

    names = Harmless(act, durable=lambda: sync_engine_data(world.engine.data_root()))
    return [Step("revert.tags", names)] if running and plan.target_sha is not None and not plan.undoes else []


def _bring_back(world: World, state: ReleaseState, composer: Composer, one: ServiceReversal) -> list[Step]:
    def named(verb: str) -> str:
        return f"revert.{one.name}.{verb}"

    restore = [Step(named("restore"), restore_data(world, state, one))] if one.restores else []
    remove = [Step(named("remove"), _remove(world, state, one))] if one.superfluous else []
    return [*restore, *remove, *(_start(world, state, composer, one, one.former) if one.former else [])]


def _start(
    world: World, state: ReleaseState, composer: Composer, one: ServiceReversal, former: ServicePlan
) -> list[Step]:
    """Start the former containers; what repairs restored data runs before health is waited for, what uses it after."""

    def hooks(executables: tuple[Executable, ...], kind: str = "") -> list[Step]:
        followed = dict.fromkeys(executables) if one.restores else ()
        return [executable_step(world, state, f"revert.{one.name}.{kind}{hook.name}", hook) for hook in followed]

    if not is_recreated(one):
        return []
    return [
        *([Step(f"revert.{one.name}.tag", _former_names(world, one))] if one.images else []),
        Step(f"revert.{one.name}.recreate", composer.recreate(former)),
        *hooks(former.post_restore_fixes, "fix."),
        healthy_step(world, f"revert.{one.name}.healthy", former),
        *hooks(former.post_data_restore),
    ]


def _remove(world: World, state: ReleaseState, one: ServiceReversal) -> Harmless:
    """Remove the containers that did not exist then; their volumes stay."""

    def act(slot: Slot) -> None:
        refuse_strangers(world, one.superfluous, own_labels(state, one).projects)
        for name in one.superfluous:
            found = world.engine.container(name)
            if found is not None:
                world.engine.remove_container(found.id)
                slot.say(f"removed {name}")

    return Harmless(act)


def _verify(world: World, composer: Composer, one: ServiceReversal, former: ServicePlan) -> Step:
    """Check the service; a container that Compose does not start by itself may be there or not."""

    def image_lines() -> list[str]:
        started = [kept for kept in one.images if composer.starts(former, kept.compose_service)]
        return [_image_line(world, one, kept.container, kept.image_id) for kept in started]

    return verify_step(f"revert.{one.name}.verify", world, former, image_lines)


def _image_line(world: World, one: ServiceReversal, container: str, image_id: str) -> str:
    found = world.engine.container(container)
    got = found.image_id if found else "none"
    if got == image_id:
        return f"✓ {one.name}.image: {container} runs {image_id[7:19]} again"
    return f"✗ {one.name}.image: got {got[7:19] or got}, expected {image_id[7:19]}"
