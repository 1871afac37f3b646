"""Saves what a release or a revert is about to touch: data in backup sets, images under tags of ours."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from released.adapters.backups import sets
from released.adapters.backups.sets import BackupFile, BackupSet
from released.adapters.durability import sync_engine_data, sync_filesystem, write_durably
from released.domain import events as ev
from released.domain.errors import ReleasedError, StepFailed
from released.domain.failure import Failure
from released.domain.ids import Phase
from released.domain.ops_repo.dotenv import written_value
from released.domain.releases.plan import ServicePlan
from released.domain.releases.release import ReleaseState
from released.phases.amounts import told
from released.phases.effects import Done, Fate, Harmless, NotDone, Observed, Slot
from released.phases.env_file import read_env_file
from released.phases.projects import containers_now, project_of
from released.phases.quiesce import held_still, wake
from released.phases.world import World

_LONGEST_TAG = 128
_SET = "set"
"""Names, in the slot of a backup, the set that it writes; there before the set is begun."""


def back_up(world: World, state: ReleaseState, service: ServicePlan, spare_image: str | None = None) -> Observed:
    """Write one set per service and stamp; it counts only once its manifest is durable and it was read back.

    Args:
        world: the environment.
        state: the release that touches the service.
        service: what is saved.
        spare_image: on the way back, an image to read volumes with where none of the service's containers exists;
            what a half-done release has not made yet is then not missed.
    """

    def act(slot: Slot) -> ev.BackedUp:
        set_dir = _fresh_set(world, service)
        slot.say(f"writing {set_dir}")
        write_durably(slot.path / _SET, set_dir.name.encode())
        # Before anything is read: what is written from here on may be missing, and a revert says that it is lost.
        created = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
        files = _archive(world, service, set_dir, slot, spare_image)
        sets.finish(set_dir, BackupSet(service.name, set_dir.name, state.ticket, state.run, created, files))
        read_back = sets.verify(set_dir, world.interruption)
        for file in read_back.files:
            slot.say(f"✓ {file.name}: {file.members} members, {file.bytes} bytes, sha256 {file.sha256[:12]}…")
        return _result(world, service, read_back)

    def observe(slot: Slot) -> Fate:
        wake(world, slot)
        world.engine.remove_helpers()
        if not (slot.path / _SET).exists():
            return NotDone()
        set_dir = set_dir_of(world, service.name, (slot.path / _SET).read_text())
        sets.discard_unfinished(set_dir)
        if not set_dir.exists():
            return NotDone()
        return Done(_result(world, service, sets.verify(set_dir, world.interruption)))

    return Observed(act, observe, durable=lambda: sync_filesystem(world.state_dir))


def _archive(
    world: World, service: ServicePlan, set_dir: Path, slot: Slot, spare_image: str | None
) -> tuple[BackupFile, ...]:
    """Write every archive of a set; one that fails takes the others with it, for a part of a backup is none."""
    # Looked up first: what is not there stills nobody. Two manifests may name one volume in two ways.
    volumes = dict(_volumes(world, service, slot, spare_image))
    try:
        with held_still(world, service, slot):
            saved = [_save_volume(world, set_dir, volume, image, slot) for volume, image in volumes.items()]
            return (*saved, *_config(world, service, set_dir))
    except ReleasedError:
        sets.discard_unfinished(set_dir)
        raise


def _fresh_set(world: World, service: ServicePlan) -> Path:
    stamp = dt.datetime.now(dt.UTC).strftime("%Y%m%d_%H%M%S")
    for suffix in ("", *(f"_{number}" for number in range(2, 100))):
        set_dir = set_dir_of(world, service.name, stamp + suffix)
        if not set_dir.exists():
            return set_dir
    raise StepFailed(Failure("backup_failed", f"A hundred backups of {service.name} were begun in one second."))


def set_dir_of(world: World, service: str, stamp: str) -> Path:
    """Name the folder of a service's backup set."""
    return sets.set_directory(world.state_dir, world.name, service, stamp)


def _result(world: World, service: ServicePlan, read_back: BackupSet) -> ev.BackedUp:
    absent = tuple(name for name in service.backup.new_volumes if _find_volume(world, service, name) is None)
    return ev.BackedUp(read_back.service, read_back.stamp, sum(file.bytes for file in read_back.files), absent)


def _volumes(world: World, service: ServicePlan, slot: Slot, spare_image: str | None) -> Iterator[tuple[str, str]]:
    """Find the volumes that are saved, each with an image to read it with."""
    if "volume" not in service.backup.kinds:
        return
    image = next((one.image_id for one in containers_now(world, service)), spare_image)
    for name in service.backup.volumes:
        volume = _find_volume(world, service, name)
        if volume is None and (spare_image or name in service.backup.new_volumes):
            slot.say(f"{name} comes with this release: there is nothing to save yet")
        elif volume is None or image is None:
            raise StepFailed(Failure("backup_failed", f"The backup of {service.name} failed: {_lacks(volume, name)}"))
        else:
            yield volume, image


def _find_volume(world: World, service: ServicePlan, name: str) -> str | None:
    project, prefix = project_of(world, service), world.variables().get("CONTAINER_PREFIX", "")
    return world.engine.find_volume(project, name, prefix)


def _lacks(volume: str | None, name: str) -> str:
    if volume is None:
        return f"the engine knows no such thing as its volume {name}."
    return f"none of its containers exists, and the image of one is needed to read {volume}."


def _save_volume(world: World, set_dir: Path, volume: str, image: str, slot: Slot) -> BackupFile:
    with closing(world.engine.read_volume(volume, image)) as content:
        return sets.write_volume(set_dir, volume, told(world.interruption.heeded(content), volume, slot.say))


def _config(world: World, service: ServicePlan, set_dir: Path) -> Iterator[BackupFile]:
    if "config" in service.backup.kinds:
        paths = [path for path in (Path(service.folder), Path(".env")) if (world.root / path).exists()]
        yield sets.write_config(set_dir, world.root, paths)


def keep_images(world: World, service: ServicePlan, before: str) -> Harmless:
    """Give the images that run now a tag of ours, so that no prune or rebuild takes the way back.

    Args:
        world: the environment.
        service: whose containers are looked at.
        before: what the images ran before, for instance ``1234-1``; part of the tag.
    """

    def act(slot: Slot) -> ev.ImagesKept:
        running = containers_now(world, service)
        for one in running:
            world.engine.tag_image(one.image_id, "released-kept", _tag(world, before, one.name))
            slot.say(f"kept {one.image_id[:19]} of {one.name}")
        return ev.ImagesKept(
            service.name,
            {one.name: one.image_id for one in running},
            {one.name: one.image_ref for one in running},
            _tag_variable(world, service),
            next((one.project for one in running if one.project), ""),
            {one.name: one.service for one in running},
        )

    return Harmless(act, durable=lambda: sync_engine_data(world.engine.data_root()))


def kept_images(state: ReleaseState, service: str) -> Iterator[str]:
    """Give the ids of a service's images that this run kept, whatever became of its containers since."""
    for phase in (Phase.REVERT, Phase.PREPARE):
        kept = (one.images.values() for one in state.results(ev.ImagesKept, phase) if one.service == service)
        yield from (image_id for images in kept for image_id in images)


def _tag(world: World, before: str, container: str) -> str:
    """Name what an image is kept for; a name that is too long for a tag ends with what tells it from others."""
    name = f"{world.name}-{before}-{container}"
    digest = hashlib.sha256(name.encode()).hexdigest()[:12]
    return name if len(name) <= _LONGEST_TAG else f"{name[: _LONGEST_TAG - 13]}-{digest}"


def _tag_variable(world: World, service: ServicePlan) -> dict[str, str | None]:
    """Read what is written in ``.env`` now of the service's image: the release writes its own tag there."""
    image = service.image
    if image is None or image.env_var is None:
        return {}
    return {image.env_var: written_value(read_env_file(world), image.env_var)}
