"""Puts a service's data back from a backup set (spec: revert)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from released.adapters.backups import sets
from released.adapters.backups.sets import BackupFile
from released.adapters.docker.restoring import VolumeFacts
from released.adapters.durability import sync_engine_data, sync_filesystem, write_durably
from released.domain import events as ev
from released.domain.errors import StepFailed
from released.domain.failure import Failure
from released.domain.releases.plan import ServicePlan
from released.domain.releases.release import ReleaseState, required_reversal
from released.domain.revert.plan import ServiceReversal
from released.phases.effects import Harmless, Slot
from released.phases.ownership import own_labels, taken_by_restore, users
from released.phases.saving import kept_images, set_dir_of
from released.phases.world import World


def restore_data(world: World, state: ReleaseState, one: ServiceReversal) -> Harmless:
    """Remove the service's containers and make its volumes and files what the set holds; may be repeated."""

    def act(slot: Slot) -> ev.DataRestored:
        set_dir = set_dir_of(world, one.name, one.backup or "")
        backup = sets.verify(set_dir, world.interruption)
        image_id = _image_to_read_with(world, state, one)
        _take_containers_away(world, state, one, backup.volumes)
        for file in backup.files:
            slot.say(f"restoring {file.name} of {backup.stamp}")
            note = slot.path / f"revert-{required_reversal(state).number}-{file.name}.json"
            _restore_file(world, one.present, set_dir, file, image_id, note)
        return ev.DataRestored(one.name, backup.stamp)

    return Harmless(act, durable=lambda: _make_durable(world))


def _make_durable(world: World) -> None:
    sync_engine_data(world.engine.data_root())
    sync_filesystem(world.root)


def _image_to_read_with(world: World, state: ReleaseState, one: ServiceReversal) -> str:
    """Name an image for the helper that writes volumes; nothing of it is run."""
    # Not one of a container: an attempt that was cut off may have removed them all.
    known = (*(image.image_id for image in one.images), *kept_images(state, one.name))
    found = next((image for image in known if world.engine.image_id(image)), None)
    if found is None:
        message = (
            f"No image of {one.name} is on the engine, and one is needed to write its volumes. Pull one, then resume."
        )
        raise StepFailed(Failure("image_missing", message))
    return found


def _take_containers_away(world: World, state: ReleaseState, one: ServiceReversal, volumes: Sequence[str]) -> None:
    """Remove the service's own containers; what somebody else runs may not have a volume that is replaced."""
    world.engine.remove_helpers()
    taken = taken_by_restore(world, own_labels(state, one), one, volumes)
    others = users(world, volumes) - {found.name for found in taken}
    if others:
        message = f"The data of {one.name} is not restored: its volumes are also used by {', '.join(sorted(others))}. "
        raise StepFailed(Failure("volume_in_use", message + "Nothing was touched. Stop and remove these, then resume."))
    for found in taken:
        world.engine.remove_container(found.id)


def _restore_file(
    world: World, service: ServicePlan, set_dir: Path, file: BackupFile, image_id: str, note: Path
) -> None:
    if file.kind == "volume":
        world.engine.restore_volume(_facts(world, file.source, note), image_id, lambda: sets.open_tar(set_dir, file))
    else:
        tracked = world.git.list_folder(world.git.state().head, service.folder, recursive=True)
        sets.restore_config(set_dir, file, world.root, service.folder, {entry.path for entry in tracked})


def _facts(world: World, volume: str, note: Path) -> VolumeFacts:
    """Describe the volume as it was before an attempt of this revert removed it: what was noted first is true.

    Args:
        world: the environment.
        volume: the engine's name of it.
        note: where this attempt notes it; other attempts have a folder of their own beside this one's.
    """
    noted = sorted(note.parent.parent.glob(f"*/{note.name}"))
    if noted:
        return msgspec.json.decode(noted[0].read_bytes(), type=VolumeFacts)
    facts = world.engine.describe_volume(volume) or VolumeFacts(volume)
    write_durably(note, msgspec.json.encode(facts))
    return facts
