"""Docker volumes: found as a manifest names them, and read without starting anything."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from docker.errors import NotFound
from docker.types import Mount

from released.adapters.docker.containers import PROJECT_LABEL

if TYPE_CHECKING:
    from collections.abc import Iterator

    from docker import APIClient

VOLUME_LABEL = "com.docker.compose.volume"
HELPER_LABEL = "dev.released.helper"

_MOUNT_POINT = "/v"


def find_volume(api: APIClient, project: str, name: str, prefix: str) -> str | None:
    """Look by Compose label, then by plain name, then by name with prefix (spec: the ops repo, ``backup.volumes``)."""
    labels = [f"{PROJECT_LABEL}={project}", f"{VOLUME_LABEL}={name}"]
    labelled = api.volumes(filters={"label": labels})["Volumes"] or []
    candidates = [*(volume["Name"] for volume in labelled), name, prefix + name]
    return next((candidate for candidate in candidates if _exists(api, candidate)), None)


def read_volume(api: APIClient, volume: str, image_id: str, owner: str) -> Iterator[bytes]:
    """Yield the volume's content as a tar stream, through a container that is created and never started.

    Raises:
        docker.errors.NotFound: there is no such volume, or no such image.
    """
    api.inspect_volume(volume)  # a mount would silently create a volume that is not there
    helper = _create_helper(api, volume, image_id, owner)
    try:
        chunks, _ = api.get_archive(helper, f"{_MOUNT_POINT}/.")
        yield from chunks
    finally:
        _remove(api, helper)


def remove_helpers(api: APIClient, owner: str) -> int:
    """Remove every container that a reader of this owner left behind; returns how many."""
    left = api.containers(all=True, filters={"label": [f"{HELPER_LABEL}={owner}"]})
    for helper in left:
        _remove(api, helper["Id"])
    return len(left)


def _exists(api: APIClient, volume: str) -> bool:
    try:
        api.inspect_volume(volume)
    except NotFound:
        return False
    return True


def _create_helper(api: APIClient, volume: str, image_id: str, owner: str) -> str:
    # no_copy: otherwise an empty volume would be filled from the image's folder of that name.
    mount = Mount(_MOUNT_POINT, volume, type="volume", read_only=True, no_copy=True)
    created = api.create_container(
        image_id,
        command=["never-started"],
        labels={HELPER_LABEL: owner},
        network_disabled=True,
        host_config=api.create_host_config(mounts=[mount]),
    )
    helper: str = created["Id"]
    return helper


def _remove(api: APIClient, helper: str) -> None:
    # v: the image may declare anonymous volumes of its own; named ones, such as the one read, stay.
    with suppress(NotFound):
        api.remove_container(helper, v=True, force=True)
