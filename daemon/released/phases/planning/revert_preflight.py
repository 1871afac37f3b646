"""The preconditions of a revert, and its plan: looks at everything before anything is touched (spec: revert).

What cannot be done is refused with the reason: later releases in the way, local changes, backups that cannot be read,
images that are gone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from released.domain import events as ev
from released.domain.errors import InvalidInput, Refused
from released.domain.failure import NextCommand
from released.domain.ids import ServiceName, Sha
from released.domain.listing import lines
from released.domain.ops_repo.start_order import in_start_order
from released.domain.releases import lifecycle, next_steps
from released.domain.releases.plan import ReleasePlan, ServicePlan
from released.domain.releases.release import ReleaseState, required
from released.domain.revert.plan import KeptImage, RevertPlan, ServiceReversal
from released.domain.revert.snapshot import Snapshot, stood_before
from released.phases.planning.deployed_tree import takes_back
from released.phases.planning.history import LaterRelease
from released.phases.planning.preflight import refuse_missing_variables, refuse_unreadable_variables
from released.phases.planning.reading import Catalogue, read_catalogue
from released.phases.planning.releasable import refuse_other_branch, releasable
from released.phases.planning.revert_readiness import losses, refuse_unready
from released.phases.world import World

ALL = "all"
"""Stands for every stateful service."""


def plan_revert(
    world: World,
    state: ReleaseState,
    options: ev.RevertOptions,
    later: Sequence[LaterRelease],
    stands_at: Sha | None = None,
) -> RevertPlan:
    """Plan a revert, or refuse it.

    Args:
        world: the environment.
        state: a release that may be taken back.
        options: what the operator asked for.
        later: releases that came after this one and still stand, newest first.
        stands_at: a commit whose tree is taken for the one that is checked out; ``None``: as it is.

    Raises:
        Refused: a precondition does not hold; the message says which, and what to type next.
        InvalidInput: a service is named that does not exist.
    """
    plan = required(state.plan)
    checkout = releasable(world.git, world.settings)
    if not plan.branch:
        refuse_other_branch(checkout, world.settings)
    head = stands_at or checkout.head
    before = stood_before(state, head)
    target = None if options.skip_git else before.tree
    _refuse_later(state, before, later, takes_code=target is not None)
    if not _moved_unrecorded(world, state, head):
        _refuse_moved(world, before, head, target)
    _refuse_obstacles(world, head, target)
    refuse_unreadable_variables(world)
    now = _catalogue(world, head)
    then = _catalogue(world, target or head)
    services = tuple(_reversals(state, options, before, now, then))
    _refuse_unknown_data(options, now, then)
    refuse_missing_variables(world, [one.former for one in services if one.former], _as_they_were(then, services))
    refuse_unready(world, state, services)
    _refuse_unpushable(world, plan, options, checkout.head, target)
    return RevertPlan(
        ticket=state.ticket,
        run=state.run,
        head_sha=head,
        target_sha=target,
        services=services,
        undoes=state.status == lifecycle.REVERTED,
        push=options.push and target is not None,
        warnings=(*_unused_data(options, services), *losses(world, state, services)),
    )


# --- what may be in the way --------------------------------------------------------------------------------------


def _refuse_later(state: ReleaseState, before: Snapshot, later: Sequence[LaterRelease], *, takes_code: bool) -> None:
    """Newest first: the tree and the data of before know nothing of what came later."""
    in_the_way = [one for one in later if takes_code or set(one.services) & set(before.services)]
    if not in_the_way:
        return
    named = lines([_described(one) for one in in_the_way])
    told = f"Later releases stand on top of ticket {state.ticket}:\n{named}\n"
    if adopted := [one.ticket for one in in_the_way if one.is_adopted]:
        fixed = f"By hand released, and so not to be taken back: {', '.join(adopted)}. Release a fix instead."
        raise Refused("later_releases", told + fixed)
    order = (*(one.ticket for one in in_the_way), state.ticket)
    raise Refused(
        "later_releases",
        f"{told}Take them back first, the newest first, or release a fix instead.",
        (NextCommand((next_steps.CLIENT, "revert", *order), "takes them back in this order", "data-loss"),),
    )


def _described(one: LaterRelease) -> str:
    services = ", ".join(one.services) or "no service"
    return f"{one.ticket} ({one.state}, begun {one.started_at:%Y-%m-%dT%H:%MZ}; {services})"


def _moved_unrecorded(world: World, state: ReleaseState, head: Sha) -> bool:
    """Tell whether HEAD is the commit of a revert that was given up before it was on record that the code is back."""
    plan = state.reversal.plan if state.reversal else None
    return (
        plan is not None and plan.target_sha is not None and takes_back(world.git, head, plan.head_sha, plan.target_sha)
    )


def _refuse_moved(world: World, before: Snapshot, head: Sha, target: Sha | None) -> None:
    if target is None or world.git.same_tree(head, Sha(before.left_at)):
        return
    ours, _ = world.git.divergence(head, Sha(before.left_at))
    named = lines([commit.line for commit in ours]) or "  none"
    raise Refused(
        "checkout_moved_on",
        f"The tree of {world.root} is not the one that this release left ({before.left_at[:12]}), and taking the code "
        f"back would take more than its own changes. HEAD is {head[:12]}; commits that came on top:\n{named}\n"
        "Take these away first, or leave the code as it is with --skip-git.",
    )


def _refuse_obstacles(world: World, head: Sha, target: Sha | None) -> None:
    """A file that git ignores now may lie where it kept one before."""
    found = world.git.obstacles(head, target) if target is not None else ()
    if found:
        raise Refused(
            "files_in_the_way",
            f"The tree that comes back has files where these paths of {world.root} are, which git ignores:\n"
            f"{lines(found)}\n"
            "Take them away first, or leave the code as it is with --skip-git.",
        )


def _refuse_unpushable(
    world: World, plan: ReleasePlan, options: ev.RevertOptions, head: Sha, target: Sha | None
) -> None:
    if not options.push or target is None:
        return
    upstream = f"{world.settings.remote}/{world.settings.branch}"
    if plan.branch:
        why = f"branch {plan.branch} is checked out, and only {upstream} is pushed to."
    elif not world.git.is_ancestor(world.git.fetch(), head):
        why = f"{upstream} has commits that are not checked out here."
    else:
        return
    raise Refused(
        "push_impossible",
        f"The commit that takes the code back cannot be pushed: {why} Revert without --push; the next run copes with "
        "a commit that was not pushed.",
    )


# --- the services ------------------------------------------------------------------------------------------------


def _catalogue(world: World, commit: Sha) -> Catalogue:
    return read_catalogue(world.git, world.settings, commit, world.variables().get("CONTAINER_PREFIX", ""))


def _reversals(
    state: ReleaseState, options: ev.RevertOptions, before: Snapshot, now: Catalogue, then: Catalogue
) -> Iterator[ServiceReversal]:
    """Describe the way back of each touched service, in start order; what goes comes last."""
    known = {service.name: service for service in required(state.plan).services}
    order = [service.name for service in in_start_order(then.services.values())]
    touched = sorted(before.services, key=lambda name: order.index(ServiceName(name)) if name in order else len(order))
    for name in touched:
        former = then.services.get(name)
        present = now.services.get(name) or former or known[ServiceName(name)]
        yield _reversal(options, before, present, former)


def _reversal(
    options: ev.RevertOptions, before: Snapshot, present: ServicePlan, former: ServicePlan | None
) -> ServiceReversal:
    kept = None if options.skip_git else before.images.get(present.name)
    backup = before.backups.get(present.name)
    images = _kept_images(kept)
    one = ServiceReversal(
        name=present.name,
        present=present,
        former=former if images or options.skip_git else None,
        images=images,
        variables=kept.variables if kept else {},
        project=kept.project if kept else "",
        backup=backup,
        new_volumes=before.new_volumes.get(present.name, ()),
        superfluous=tuple(one.name for one in present.containers if one.name not in kept.images) if kept else (),
    )
    if not _restores(options, one) or former is None:
        return one
    return msgspec.structs.replace(one, present=_saving_all(present, former), restores=True)


def _saving_all(present: ServicePlan, former: ServicePlan) -> ServicePlan:
    """Save also what only the former manifest backs up: the restore replaces that, too."""
    return msgspec.structs.replace(present, backup=present.backup.along_with(former.backup))


def _kept_images(kept: ev.ImagesKept | None) -> tuple[KeptImage, ...]:
    """List the images of the containers that Compose made; what was run by hand is not ours to bring back."""
    if kept is None:
        return ()
    found = ((name, image, kept.compose_services.get(name)) for name, image in kept.images.items())
    return tuple(
        KeptImage(name, image, kept.references.get(name, ""), composed)
        for name, image, composed in found
        if composed != ""
    )


def _restores(options: ev.RevertOptions, one: ServiceReversal) -> bool:
    """Decide on the data: that of a stateful service stays unless it was chosen (spec: The ops repo, stateful)."""
    if options.skip_data or one.backup is None or one.former is None:
        return False
    return not one.stateful or one.name in options.with_data or ALL in options.with_data


def _refuse_unknown_data(options: ev.RevertOptions, now: Catalogue, then: Catalogue) -> None:
    """A name that is wrong is refused; a service without data in this release may be meant for another ticket."""
    known = {*now.services, *then.services}
    unknown = [name for name in options.with_data if name != ALL and name not in known]
    if unknown:
        raise InvalidInput(
            "service_unknown",
            f"The ops repo has no service {', '.join(unknown)}, so there is no data of it to restore.",
        )


def _as_they_were(then: Catalogue, services: Sequence[ServiceReversal]) -> Catalogue:
    """Leave out the variables that the revert itself puts back."""
    put_back = {name for one in services for name in one.variables}
    required_variables = {
        service: tuple(name for name in names if name not in put_back)
        for service, names in then.required_variables.items()
    }
    return Catalogue(then.services, then.warnings, required_variables)


def _unused_data(options: ev.RevertOptions, services: Sequence[ServiceReversal]) -> Iterator[str]:
    restored = {one.name for one in services if one.restores}
    for name in options.with_data:
        if name not in (ALL, *restored):
            yield f"{name}: this release saved no data of it, so none is restored"
