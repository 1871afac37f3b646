"""Brings a Docker volume back to what an archive holds, to the last byte, and proves it.

The engine cannot delete files, so the volume is removed and made anew. Between the two its labels are nowhere but with
the caller, who described the volume before and has that on disk: then all of it can be repeated after any crash.
"""

from __future__ import annotations

from contextlib import closing, suppress
from itertools import islice
from typing import TYPE_CHECKING, Any

import msgspec
from docker.errors import NotFound

from released.adapters.docker.volumes import fill_volume, read_volume, remove_helpers, volume_users
from released.adapters.tars.comparison import differences
from released.adapters.tars.vetting import vetted
from released.domain.errors import Refused, StepFailed
from released.domain.failure import Failure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from docker import APIClient

_DIFFERENCES_SHOWN = 10


class VolumeFacts(msgspec.Struct, frozen=True):
    """What must be known of a volume of the engine's own to make it anew."""

    name: str
    labels: dict[str, str] = {}


def describe_volume(api: APIClient, volume: str) -> VolumeFacts | None:
    """Tell what a volume is; ``None`` where there is none.

    Raises:
        Refused: ``volume_not_ours``.
    """
    try:
        found = api.inspect_volume(volume)
    except NotFound:
        return None
    if found["Driver"] != "local" or found["Options"]:
        raise _not_ours(found)
    return VolumeFacts(volume, found["Labels"] or {})


def restore_volume(
    api: APIClient, facts: VolumeFacts, image_id: str, archive: Callable[[], Iterable[bytes]], owner: str
) -> None:
    """Look at everything that could stand against it, then make the volume anew, fill it and read it back."""
    what = f"The archive of volume {facts.name}"
    describe_volume(api, facts.name)
    remove_helpers(api, owner, facts.name)
    _refuse_used(api, facts.name)
    api.inspect_image(image_id)  # type: ignore[no-untyped-call]  # stubs
    for _ in vetted(archive(), what):
        pass
    _make_anew(api, facts)
    fill_volume(api, facts.name, image_id, vetted(archive(), what), owner)
    _prove(api, facts.name, image_id, archive(), owner)


def _refuse_used(api: APIClient, volume: str) -> None:
    if users := volume_users(api, volume):
        raise Refused(
            "volume_in_use",
            f"Volume {volume} is not restored, because containers have it: {', '.join(users)}. "
            "Nothing was changed. Remove them (docker rm --force NAME; their volumes stay), then try again.",
        )


def _make_anew(api: APIClient, facts: VolumeFacts) -> None:
    with suppress(NotFound):
        api.remove_volume(facts.name)
    api.create_volume(facts.name, driver="local", labels=facts.labels)


def _prove(api: APIClient, volume: str, image_id: str, archive: Iterable[bytes], owner: str) -> None:
    with closing(read_volume(api, volume, image_id, owner)) as found:
        try:
            wrong = list(islice(differences(archive, found), _DIFFERENCES_SHOWN))
        except ValueError as error:
            wrong = [f"it cannot be read back ({error})"]
    if wrong:
        said = f"Volume {volume} was restored, and does not hold what its archive holds: {'; '.join(wrong)}."
        raise StepFailed(Failure("volume_differs", f"{said} Look at the engine's disk, then try again."))


def _not_ours(found: dict[str, Any]) -> Refused:
    # Only the names of the options: the value of one may be a password.
    kept = f"options {', '.join(sorted(found['Options']))}" if found["Options"] else f"driver {found['Driver']}"
    return Refused(
        "volume_not_ours",
        f"Volume {found['Name']} is not restored: it is kept elsewhere ({kept}), and removing it would not remove what "
        "it holds. Nothing was changed. By hand: stop its containers, empty the folder or share behind it, and unpack "
        "the archive there (zstd -dc ARCHIVE | tar -xp --numeric-owner -C FOLDER).",
    )
