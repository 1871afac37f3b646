"""Docker volumes: found as a manifest names them, described, and read and filled without starting anything."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from docker.errors import NotFound
from docker.types import Mount

from released.adapters.docker.containers import PROJECT_LABEL
from released.adapters.tars.moving import moved

if TYPE_CHECKING:
    from collections.abc import Collection, Generator, Iterable, Iterator

    from docker import APIClient

    from released.adapters.tars.entries import Entry

VOLUME_LABEL = "com.docker.compose.volume"
HELPER_LABEL = "dev.released.helper"

MOUNT_POINT = "/dev.released.volume"
"""Where a helper has the volume: a folder that no image has a link in place of."""


def find_volume(api: APIClient, project: str, name: str, prefix: str) -> str | None:
    """Look by Compose label, then by plain name, with prefix, and as Compose writes it (spec: ``backup.volumes``)."""
    labels = [f"{PROJECT_LABEL}={project}", f"{VOLUME_LABEL}={name}"]
    labelled = api.volumes(filters={"label": labels})["Volumes"] or []
    candidates = [*(volume["Name"] for volume in labelled), name, prefix + name, f"{project}_{name}"]
    return next((candidate for candidate in candidates if _exists(api, candidate)), None)


def read_volume(api: APIClient, volume: str, image_id: str, owner: str) -> Generator[bytes, None, None]:
    """Yield the volume's content as a tar stream, through a container that is created and never started.

    Raises:
        docker.errors.NotFound: there is no such volume, or no such image.
    """
    api.inspect_volume(volume)  # a mount would silently create a volume that is not there
    with _helper(api, volume, image_id, owner, read_only=True) as helper:
        chunks, _ = api.get_archive(helper, f"{MOUNT_POINT}/.")
        yield from chunks


def fill_volume(api: APIClient, volume: str, image_id: str, entries: Iterable[Entry], owner: str) -> None:
    """Write entries into a volume through a container that is created and never started.

    Raises:
        docker.errors.APIError: the engine could not unpack them all.
    """
    # From the root, because the engine leaves the folder as it is that it unpacks in: mode and owner would be lost.
    stream = moved(entries, MOUNT_POINT.removeprefix("/"))
    with _helper(api, volume, image_id, owner, read_only=False) as helper:
        api.put_archive(helper, "/", filter(None, stream))  # an empty chunk would end the request


def volume_users(api: APIClient, volume: str) -> tuple[str, ...]:
    """Names of the containers, in any state, that have the volume."""
    listed = api.containers(all=True, filters={"volume": [volume]})
    return tuple(sorted(name.removeprefix("/") for entry in listed for name in entry["Names"]))


def volume_sizes(api: APIClient, names: Collection[str]) -> dict[str, int]:
    """Sizes in bytes; without those that the engine does not know or cannot tell the size of."""
    sizes = {one["Name"]: (one.get("UsageData") or {}).get("Size", -1) for one in api.df()["Volumes"] or []}
    return {name: sizes[name] for name in names if sizes.get(name, -1) >= 0}


def remove_helpers(api: APIClient, owner: str, volume: str | None = None) -> int:
    """Remove every helper that a call of this owner left behind, or only those of one volume; returns how many."""
    chosen = {"label": [f"{HELPER_LABEL}={owner}"], **({"volume": [volume]} if volume else {})}
    left = api.containers(all=True, filters=chosen)
    for helper in left:
        _remove(api, helper["Id"])
    return len(left)


def _exists(api: APIClient, volume: str) -> bool:
    try:
        api.inspect_volume(volume)
    except NotFound:
        return False
    return True


@contextmanager
def _helper(api: APIClient, volume: str, image_id: str, owner: str, *, read_only: bool) -> Iterator[str]:
    helper = _create_helper(api, volume, image_id, owner, read_only=read_only)
    try:
        yield helper
    finally:
        _remove(api, helper)


def _create_helper(api: APIClient, volume: str, image_id: str, owner: str, *, read_only: bool) -> str:
    # no_copy: otherwise an empty volume would be filled from the image's folder of that name.
    mount = Mount(MOUNT_POINT, volume, type="volume", read_only=read_only, no_copy=True)
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
