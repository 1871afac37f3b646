"""Whether all that a revert brings back is there, and what it cannot bring back (spec: revert)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from released.adapters.backups import sets
from released.domain.errors import Refused, ReleasedError
from released.domain.releases.release import ReleaseState
from released.domain.revert.plan import ServiceReversal
from released.phases.ownership import own_labels, strangers, taken_by_restore, users
from released.phases.saving import set_dir_of
from released.phases.world import World


def refuse_unready(world: World, state: ReleaseState, services: Sequence[ServiceReversal]) -> None:
    """Everything that is to be brought back must be there before anything is touched; all that is not is named.

    Raises:
        Refused: ``way_back_missing``, with all that is missing.
    """
    if not services:
        return
    world.engine.ping()
    _ = world.compose
    missing = [
        problem
        for one in services
        for problem in (
            *_strangers(world, state, one),
            *_missing_images(world, one),
            *_unusable_data(world, state, one),
        )
    ]
    if missing:
        raise Refused(
            "way_back_missing",
            "What is needed for the way back is not there, and nothing was touched:\n"
            + "\n".join(f"  {problem}" for problem in missing)
            + "\n--skip-data leaves the data as it is, --skip-git the code and the images.",
        )


def _strangers(world: World, state: ReleaseState, one: ServiceReversal) -> list[str]:
    """Find containers that bear a name of the service and belong to somebody else: they would be replaced."""
    names = (*one.superfluous, *(kept.container for kept in one.images))
    return [f"{one.name}: {found}" for found in strangers(world, names, own_labels(state, one).projects)]


def _missing_images(world: World, one: ServiceReversal) -> Iterator[str]:
    for kept in one.images:
        if world.engine.image_id(kept.image_id) is None:
            yield f"{one.name}: the image {kept.image_id[7:19]} ({kept.reference}) of {kept.container} is gone"


def _unusable_data(world: World, state: ReleaseState, one: ServiceReversal) -> Iterator[str]:
    if not one.restores or one.backup is None:
        return
    try:
        volumes = sets.verify(set_dir_of(world, one.name, one.backup)).volumes
        for volume in volumes:
            world.engine.describe_volume(volume)
    except ReleasedError as error:
        yield f"{one.name}: {error.message}"
        return
    own = {found.name for found in taken_by_restore(world, own_labels(state, one), one, volumes)}
    for volume in volumes:
        others = sorted(users(world, [volume]) - own)
        if others:
            yield f"{one.name}: volume {volume} is also used by {', '.join(others)}; stop and remove these first"


def losses(world: World, state: ReleaseState, services: Sequence[ServiceReversal]) -> Iterator[str]:
    """Tell what goes, and what stays as it is, of services for which everything is ready."""
    for one in services:
        if one.superfluous:
            yield f"{one.name}: {', '.join(one.superfluous)} did not exist before and goes; its volumes stay"
        if one.backup is None and one.present.backup.kinds:
            yield f"{one.name}: nothing was saved before, so its data stays as it is"
        if one.new_volumes:
            yield f"{one.name}: volume {', '.join(one.new_volumes)} came with the release; it stays as it is"
        if one.restores:
            yield from _left_behind(world, state, one)


def _left_behind(world: World, state: ReleaseState, one: ServiceReversal) -> Iterator[str]:
    """Tell what a restore does not bring back of the containers that it takes away."""
    labels = own_labels(state, one)
    volumes = sets.read_manifest(set_dir_of(world, one.name, one.backup or "")).volumes
    for found in taken_by_restore(world, labels, one, volumes):
        if found.service not in labels.started:
            yield f"{one.name}: {found.name} has the data, and Compose does not start it by itself: it goes"
        for destination in world.engine.anonymous_volumes(found.name):
            left = f"the anonymous volume at {destination} of {found.name}"
            yield f"{one.name}: {left} is left behind, and a new one made"
