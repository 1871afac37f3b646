"""The containers, volumes and networks of a test stack on the real engine."""

from __future__ import annotations

import os
import subprocess
from contextlib import closing, suppress
from typing import TYPE_CHECKING, Any

from docker import APIClient
from docker.errors import NotFound

from support import stack_files
from support.docker_stack import ENGINE_URL
from support.stack_images import docker

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from support.stack_images import FirstImages

_PROJECT = "com.docker.compose.project"


class StackContainers:
    """What the engine has of one stack; everything is found by the stack's prefix."""

    def __init__(self, names: stack_files.Names) -> None:
        self._names = names

    def start_first_version(self, checkout: Path, images: FirstImages, services: Sequence[str]) -> None:
        """Start services as a person would have, by Compose, before there was a daemon."""
        for service in services:
            images.tag(service, f"{self._names.image(service)}:{stack_files.FIRST_TAG}")
        started = {service: self._compose_up(checkout, service) for service in services}
        said = {service: process.communicate()[0] for service, process in started.items()}
        failed = {service: text for service, text in said.items() if started[service].returncode != 0}
        assert not failed, failed

    def recreate_by_hand(self, checkout: Path, service: str, tag: str) -> None:
        """Replace a service's container by one of another tag, as an impatient person does."""
        process = self._compose_up(checkout, service, {f"{service.upper()}_IMAGE_TAG": tag})
        said, _ = process.communicate()
        assert process.returncode == 0, said

    def start(self, service: str) -> None:
        """Start a service's container that was stopped, as a person does."""
        docker("start", self._names.container(service))

    def start_besides(self, checkout: Path, service: str, compose_service: str) -> None:
        """Start one of a service's Compose services that is under a profile, as a person does when it is needed."""
        process = self._compose_up(checkout, service, compose_service=compose_service)
        said, _ = process.communicate()
        assert process.returncode == 0, said

    def run_by_hand(self, service: str, name: str) -> str:
        """Run a container of a service's first image without Compose; return its id."""
        image = f"{self._names.image(service)}:{stack_files.FIRST_TAG}"
        options = ["--detach", "--init", "--network", "none", "--name", self._names.container(name)]
        return docker("run", *options, "--entrypoint", "sleep", image, "3600").strip()

    def remove_by_hand(self, name: str) -> None:
        """Remove a container, whoever made it."""
        docker("rm", "--force", self._names.container(name))

    def ids(self) -> dict[str, str]:
        """Give the container id of each service that has a container."""
        with closing(APIClient(base_url=ENGINE_URL)) as api:
            return {found["Names"][0].removeprefix(f"/{self._names.prefix}"): found["Id"] for found in self._mine(api)}

    def running_tags(self) -> dict[str, str]:
        """Give the image tag of each service that runs."""
        with closing(APIClient(base_url=ENGINE_URL)) as api:
            inspected = [api.inspect_container(found["Id"]) for found in self._mine(api)]
        running = [one for one in inspected if one["State"]["Running"]]
        return {
            one["Name"].removeprefix(f"/{self._names.prefix}"): one["Config"]["Image"].rpartition(":")[2]
            for one in running
        }

    def run_in(self, service: str, *command: str) -> str:
        """Run a command in a service's container; return what it printed.

        Raises:
            AssertionError: it failed.
        """
        with closing(APIClient(base_url=ENGINE_URL)) as api:
            begun = api.exec_create(self._names.container(service), list(command))
            printed: bytes = api.exec_start(begun["Id"])
            assert api.exec_inspect(begun["Id"])["ExitCode"] == 0, printed
        return printed.decode()

    def image_ids(self) -> dict[str, str]:
        """Give the image that each service's container was made from."""
        with closing(APIClient(base_url=ENGINE_URL)) as api:
            inspected = [api.inspect_container(found["Id"]) for found in self._mine(api)]
        return {one["Name"].removeprefix(f"/{self._names.prefix}"): one["Image"] for one in inspected}

    def remove(self) -> None:
        """Remove containers, volumes and networks; the images belong to ``FirstImages``."""
        with closing(APIClient(base_url=ENGINE_URL)) as api:
            for container in self._mine(api):
                with suppress(NotFound):
                    api.remove_container(container["Id"], force=True, v=True)
            self._remove_project_parts(api)

    def _compose_up(
        self, checkout: Path, service: str, variables: Mapping[str, str] | None = None, compose_service: str = ""
    ) -> subprocess.Popen[str]:
        folder = checkout / "packages" / service
        project = ["-p", self._names.project(service), "--project-directory", str(folder)]
        files = ["-f", str(folder / "docker-compose.yaml"), "--env-file", str(checkout / ".env")]
        return subprocess.Popen(
            [*_compose_command(), *project, *files, "up", "-d", "--no-build", "--no-deps", compose_service or service],
            env={**os.environ, **(variables or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def _mine(self, api: APIClient) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = api.containers(all=True, filters={"name": f"^/{self._names.prefix}"})
        return found

    def _remove_project_parts(self, api: APIClient) -> None:
        for service in stack_files.SERVICES:
            chosen = {"label": f"{_PROJECT}={self._names.project(service)}"}
            for volume in api.volumes(filters=chosen)["Volumes"] or []:
                api.remove_volume(volume["Name"], force=True)
            for network in api.networks(filters=chosen):
                api.remove_network(network["Id"])


def _compose_command() -> list[str]:
    v2 = ["docker", "compose"]
    answer = subprocess.run([*v2, "version"], stdin=subprocess.DEVNULL, capture_output=True, check=False)
    return v2 if answer.returncode == 0 else ["docker-compose"]
