"""Real containers for tests: tiny images of a static busybox, unique names, everything removed afterwards."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from docker import APIClient
from docker.errors import NotFound
from docker.types import Mount

from support.busybox_root import ENTRYPOINT, busybox_root

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

ENGINE_URL = "unix:///var/run/docker.sock"
SERVE_FOREVER = "trap 'exit 0' TERM\nwhile :; do sleep 3600 & wait; done\n"
"""A PID 1 that runs until it is asked to stop, and then stops at once."""

_SECOND_NS = 1_000_000_000


class DockerStack:
    """Images, containers and volumes of one test; names start with ``prefix``, which no other test has."""

    def __init__(self) -> None:
        self.api = APIClient(base_url=ENGINE_URL)
        self.prefix = f"rt{uuid4().hex[:12]}"
        self._images: list[str] = []
        self._projects: list[str] = []

    def image(self, script: str = SERVE_FOREVER, tag: str = "1", name: str = "app") -> str:
        """Make an image whose PID 1 is a shell that runs ``script``; returns its reference."""
        repository = f"{self.prefix}/{name}"
        answer = self.api.import_image_from_data(busybox_root(script), repository, tag, changes=[ENTRYPOINT])
        assert '"error"' not in answer, answer
        reference = f"{repository}:{tag}"
        self._images.append(reference)
        return reference

    def remove_later(self, reference: str) -> None:
        """Remove this image too at the end."""
        self._images.append(reference)

    def run(
        self,
        image: str,
        *,
        healthcheck: str | None = None,
        labels: Mapping[str, str] | None = None,
        volumes: Mapping[str, str] | None = None,
        name: str | None = None,
    ) -> str:
        """Create and start a container; returns its id.

        Args:
            image: reference of a local image.
            healthcheck: a shell command, run every second; two failures in a row are unhealthy.
            labels: labels of the container.
            volumes: name of a volume → where it is mounted.
            name: put behind the prefix.
        """
        mounts = [Mount(target, source, type="volume") for source, target in (volumes or {}).items()]
        created = self.api.create_container(
            image,
            name=f"{self.prefix}-{name or uuid4().hex[:6]}",
            labels={**(labels or {}), "released.test": self.prefix},
            host_config=self.api.create_host_config(mounts=mounts),
            healthcheck=_healthcheck(healthcheck) if healthcheck else None,
        )
        self.api.start(created["Id"])
        container_id: str = created["Id"]
        return container_id

    def run_to_end(self, script: str, volumes: Mapping[str, str] | None = None) -> None:
        """Run a script as root in a container and wait until it has succeeded."""
        container = self.run(self.image(script, name=f"once{uuid4().hex[:6]}"), volumes=volumes)
        result = self.api.wait(container)
        assert result["StatusCode"] == 0, self.api.logs(container)
        self.api.remove_container(container, force=True)

    def volume(self, name: str, labels: Mapping[str, str] | None = None) -> str:
        """Create an empty volume of exactly this name, which should start with ``prefix``."""
        self.api.create_volume(name, labels={**(labels or {}), "released.test": self.prefix})
        return name

    def project(self, name: str = "") -> str:
        """A Compose project name; whatever Compose makes of it is removed too."""
        project = f"{self.prefix}{name}"
        self._projects.append(project)
        return project

    def remove_everything(self) -> None:
        """Remove containers, volumes, networks and images of this test."""
        for label in self._labels():
            self._remove_labelled(label)
        for image in self._images:
            with suppress(NotFound):
                self.api.remove_image(image, force=True)
        self.api.close()

    def _labels(self) -> Sequence[str]:
        projects = [f"com.docker.compose.project={project}" for project in self._projects]
        return [f"released.test={self.prefix}", *projects]

    def _remove_labelled(self, label: str) -> None:
        chosen = {"label": [label]}
        for container in self.api.containers(all=True, filters=chosen):
            with suppress(NotFound):
                self.api.remove_container(container["Id"], force=True, v=True)
        for volume in self.api.volumes(filters=chosen)["Volumes"] or []:
            self.api.remove_volume(volume["Name"], force=True)
        for network in self.api.networks(filters=chosen):
            self.api.remove_network(network["Id"])


@contextmanager
def docker_stack() -> Iterator[DockerStack]:
    """Hand out a stack, and leave nothing of it behind."""
    stack = DockerStack()
    try:
        yield stack
    finally:
        stack.remove_everything()


def _healthcheck(command: str) -> dict[str, Any]:
    return {"test": ["CMD-SHELL", command], "interval": _SECOND_NS, "timeout": 5 * _SECOND_NS, "retries": 2}
