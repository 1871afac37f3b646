"""The Docker engine of an environment: containers, images and what it keeps of them.

Nothing here decides: facts are returned as the engine told them, and the caller judges.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Any

from docker.errors import APIError, NotFound
from docker.utils import parse_repository_tag

from released.adapters.docker.connection import EngineConnection
from released.adapters.docker.container_log import ContainerLog
from released.adapters.docker.containers import (
    PROJECT_LABEL,
    Running,
    anonymous_volumes,
    from_inspect,
    remove_container,
    removed,
    stop_container,
)
from released.adapters.docker.events import container_events
from released.adapters.docker.restoring import VolumeFacts, describe_volume, restore_volume
from released.adapters.docker.volumes import find_volume, read_volume, remove_helpers, volume_sizes, volume_users

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Generator, Iterable, Sequence

    from released.adapters.interruption import Interruption

_PROBES_SHOWN = 3
_LOG_LINES = 200
_SHORT_ID = 12
"""Characters of an image's id as the engine's own listing shows it."""


class DockerEngine:
    """One engine; connects when first asked.

    Args:
        url: where it listens, such as ``unix:///var/run/docker.sock``.
        owner: marks the helper containers made here; no two users of an engine may have the same.

    Every method raises ``Refused`` with code ``engine_unreachable`` when the engine does not answer, and
    ``StepFailed`` with code ``engine_refused`` when it answers with an error.
    """

    def __init__(self, url: str, owner: str) -> None:
        self._connection = EngineConnection(url)
        self._owner = owner
        self.url = url

    def close(self) -> None:
        """Give the connections back; the next call opens new ones."""
        self._connection.close()

    def ping(self) -> None:
        """Return when the engine answers."""
        with self._connection.answers() as api:
            api.ping()

    def version(self) -> str:
        """The version of the engine, such as ``20.10.24+dfsg1``."""
        with self._connection.answers() as api:
            return str(api.version()["Version"])

    def system_time(self) -> dt.datetime:
        """What the engine's own clock says."""
        with self._connection.answers() as api:
            return dt.datetime.fromisoformat(api.info()["SystemTime"])

    def data_root(self) -> Path:
        """The folder in which the engine keeps containers, images and volumes (on the engine's own host)."""
        with self._connection.answers() as api:
            return Path(api.info()["DockerRootDir"])

    # Containers

    def containers_of(self, project: str, services: Sequence[str] | None = None) -> tuple[Running, ...]:
        """Containers in any state that Compose made for a project, sorted by name.

        Args:
            project: the Compose project.
            services: names in the Compose file; ``None`` for every one.
        """
        with self._connection.answers() as api:
            listed = api.containers(all=True, filters={"label": [f"{PROJECT_LABEL}={project}"]})
        found = [one for entry in listed if (one := self.container(entry["Id"]))]
        chosen = (one for one in found if services is None or one.service in services)
        return tuple(sorted(chosen, key=lambda one: one.name))

    def container(self, name: str) -> Running | None:
        """The container with this name or id, ``None`` where there is none."""
        with self._connection.answers() as api:
            try:
                return from_inspect(api.inspect_container(name))
            except NotFound:
                return None

    def projects_of(self, container_names: Iterable[str]) -> set[str]:
        """The Compose projects that the existing ones of these containers carry as label (spec: the ops repo)."""
        found = (self.container(name) for name in container_names)
        return {one.project for one in found if one and one.project}

    def wait_settled(
        self,
        ids: Sequence[str],
        need_health: frozenset[str],
        deadline: float,
        clock: Callable[[], float],
        interruption: Interruption,
    ) -> tuple[Running, ...]:
        """Wait until all containers are ready, one is lost for good, or the deadline has passed.

        A container that is unhealthy may become healthy again, and is waited for.

        Args:
            ids: ids of the containers, at least one.
            need_health: those that must also be healthy, where they have a health check.
            deadline: in the time of ``clock``, seconds.
            clock: a monotonic clock.
            interruption: ends the wait.

        Returns:
            Each container's last state, in the order of ``ids``.

        Raises:
            StepFailed: ``killed``, when it is interrupted.
        """
        if not ids:
            return ()
        while True:
            interruption.check()
            with (
                self._connection.answers() as api,
                container_events(api, ids, deadline - clock(), interruption) as events,
            ):
                found = self._look(ids)
                while not _settled(found, need_health) and next(events, None) is not None:
                    found = self._look(ids)
            if _settled(found, need_health):
                return found
            if clock() >= deadline:
                return self._look(ids)  # the machine may have been paused since the last look
            # An engine that restarts ends the stream early: subscribe again.

    def stop(self, container_id: str) -> None:
        """Stop it with the grace period that it was made with; a stopped one stays so."""
        with self._connection.answers() as api:
            stop_container(api, container_id)

    def remove_container(self, container_id: str) -> None:
        """Stop it with its grace period and remove it, and none of its volumes; one that is gone is fine."""
        with self._connection.answers() as api:
            remove_container(api, container_id)

    def anonymous_volumes(self, container: str) -> tuple[str, ...]:
        """Where a container has volumes without a name, which nothing takes up again once the container is removed.

        Args:
            container: its name or id; one that is gone has none.
        """
        with self._connection.answers() as api:
            return anonymous_volumes(api, container)

    def rename(self, container_id: str, name: str) -> None:
        """Give it another name, which no other container has."""
        with self._connection.answers() as api:
            api.rename(container_id, name)

    def start(self, container_id: str) -> None:
        """Start it; a running one keeps running."""
        with self._connection.answers() as api:
            api.start(container_id)

    def pause(self, container_id: str) -> None:
        """Freeze its processes; one that does not run is left as it is."""
        if self._state(container_id) == "running":
            with self._connection.answers() as api:
                api.pause(container_id)

    def unpause(self, container_id: str) -> None:
        """Let its processes go on; one that is not paused is left as it is."""
        if self._state(container_id) == "paused":
            with self._connection.answers() as api:
                api.unpause(container_id)

    def logs_tail(self, container_id: str, mask: Callable[[str], str], max_characters: int = 4096) -> str:
        """The last of what a container printed; says so where its log driver keeps nothing to read.

        Args:
            container_id: the container.
            mask: hides secrets; called before the log is cut, because half a secret would not be found.
            max_characters: how much is kept.
        """
        with self._connection.answers() as api:
            try:
                printed = api.logs(container_id, tail=_LOG_LINES)
            except APIError as error:
                return f"(no container log: {error.explanation})"
        return mask(printed.decode(errors="replace"))[-max_characters:]

    def log(self, name: str, tail: int) -> ContainerLog:
        """What the containers of this name print, beginning with the last ``tail`` lines."""
        return ContainerLog(self._connection, self.container, name, tail)

    def health_log(self, container_id: str) -> str:
        """Exit code and output of the last few health probes; empty without health check or container."""
        with self._connection.answers() as api:
            try:
                state = api.inspect_container(container_id)["State"]
            except NotFound:
                return ""
        probes = (state.get("Health") or {}).get("Log") or []
        return "\n".join(f"exit {probe['ExitCode']}: {probe['Output'].strip()}" for probe in probes[-_PROBES_SHOWN:])

    # Images

    def image_id(self, reference: str) -> str | None:
        """``sha256:…`` of a local image, ``None`` where the engine has none of that name."""
        found = self._image(reference)
        return found["Id"] if found else None

    def image_digests(self, reference: str) -> tuple[str, ...]:
        """``repository@sha256:…`` for each registry that the image came from or went to; empty if built here."""
        found = self._image(reference)
        return tuple(found.get("RepoDigests") or ()) if found else ()

    def look_up_in_registry(self, reference: str) -> None:
        """Have the engine ask the registry for an image, and pull nothing; ``StepFailed`` where it cannot be had."""
        with self._connection.answers() as api:
            api.inspect_distribution(reference)  # type: ignore[no-untyped-call]  # stubs

    def tag_image(self, image_id: str, repository: str, tag: str) -> None:
        """Name an image, so that no prune takes it; doing it again changes nothing."""
        with self._connection.answers() as api:
            api.tag(image_id, repository, tag)

    def retag(self, image_id: str, reference: str) -> bool:
        """Point ``name:tag`` to a local image; doing it again changes nothing.

        Returns:
            False, with nothing done, where the reference has no tag to point anywhere: a digest (``name@sha256:…``) or
            an image's id.
        """
        if "@" in reference or _is_id(reference, image_id):
            return False
        repository, tag = parse_repository_tag(reference)
        self.tag_image(image_id, repository, tag or "latest")
        return True

    # Volumes

    def find_volume(self, project: str, name: str, prefix: str = "") -> str | None:
        """The engine's name of a volume that a manifest names (spec: the ops repo); ``None`` where there is none."""
        with self._connection.answers() as api:
            return find_volume(api, project, name, prefix)

    def read_volume(self, volume: str, image_id: str) -> Generator[bytes, None, None]:
        """The content of a volume as a tar stream, without starting anything.

        Args:
            volume: the engine's name of the volume.
            image_id: any local image; nothing of it is run.
        """
        with self._connection.answers() as api:
            yield from read_volume(api, volume, image_id, self._owner)

    def describe_volume(self, volume: str) -> VolumeFacts | None:
        """What must be on disk before the volume is restored; ``None`` where there is none.

        Raises:
            Refused: ``volume_not_ours``: its content lies outside the engine's own disk.
        """
        with self._connection.answers() as api:
            return describe_volume(api, volume)

    def restore_volume(self, facts: VolumeFacts, image_id: str, archive: Callable[[], Iterable[bytes]]) -> None:
        """Make the volume hold exactly what an archive holds, and read it back; nothing is started.

        Repeat it after a crash at any instant; whether the volume is there does not matter. Times before 1970 become
        1970, and of extended attributes only capabilities come back: the engine knows no others.

        Args:
            facts: of the volume, described and made durable before this was first called.
            image_id: any local image; nothing of it is run.
            archive: opens the tar stream, from its beginning each time that it is called.

        Raises:
            Refused: ``volume_in_use``, ``volume_not_ours`` or ``archive_unsafe``; nothing was changed.
            StepFailed: ``backup_unreadable``, with nothing changed where the archive was so from the start;
                ``volume_differs``: what was read back is not what the archive holds.
        """
        with self._connection.answers() as api:
            restore_volume(api, facts, image_id, archive, self._owner)

    def volume_users(self, volume: str) -> tuple[str, ...]:
        """Names of the containers, in any state, that have the volume."""
        with self._connection.answers() as api:
            return volume_users(api, volume)

    def volume_sizes(self, names: Collection[str]) -> dict[str, int]:
        """Sizes in bytes, which take the engine a while; those that it cannot tell are left out."""
        with self._connection.answers() as api:
            return volume_sizes(api, names)

    def remove_helpers(self) -> int:
        """Remove what our work on volumes left behind in a crash; returns how many containers that were.

        One that is at work at the moment goes too, so call it before anything reads or restores.
        """
        with self._connection.answers() as api:
            return remove_helpers(api, self._owner)

    def _image(self, reference: str) -> dict[str, Any] | None:
        with self._connection.answers() as api:
            try:
                found: dict[str, Any] = api.inspect_image(reference)  # type: ignore[no-untyped-call]  # stubs
            except NotFound:
                return None
        return found

    def _look(self, ids: Sequence[str]) -> tuple[Running, ...]:
        return tuple(self.container(one) or removed(one) for one in ids)

    def _state(self, container_id: str) -> str:
        found = self.container(container_id)
        return found.state if found else "gone"


def _is_id(reference: str, image_id: str) -> bool:
    # Shorter ones could be names as well: there are images called db.
    short = len(reference) >= _SHORT_ID and image_id.startswith(f"sha256:{reference}")
    return short or reference.startswith("sha256:")


def _settled(found: Sequence[Running], need_health: frozenset[str]) -> bool:
    return any(one.lost for one in found) or all(one.ready(need_health=one.id in need_health) for one in found)
