"""What the Docker engine knows of a container, in our words."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from docker.errors import APIError, NotFound

if TYPE_CHECKING:
    from docker import APIClient

PROJECT_LABEL = "com.docker.compose.project"
SERVICE_LABEL = "com.docker.compose.service"
_REPLACES_LABEL = "com.docker.compose.replace"
_ONE_OFF_LABEL = "com.docker.compose.oneoff"

_NO_NAME = re.compile(r"[0-9a-f]{64}")
"""How the engine calls a volume that nobody gave a name."""
_LOST = frozenset({"exited", "dead", "removing", "gone"})


@dataclass(frozen=True)
class Running:
    """One container as it stood when the engine was asked."""

    id: str
    name: str
    image_id: str
    """``sha256:…`` of the image that the container was made from."""
    image_ref: str
    """The reference that was asked for when it was made, for instance ``requarks/wiki:2.5.300``."""
    state: str
    """The engine's word: ``created running paused restarting exited dead``; and ``gone`` where it was removed."""
    health: str
    """``starting``, ``healthy``, ``unhealthy``, or empty where the container has no health check."""
    restart_count: int
    exit_code: int
    started_at: str
    """RFC 3339, as the engine says it."""
    created_at: str
    project: str
    """Compose project, empty for a container that Compose did not make."""
    service: str
    """Name in the Compose file, empty likewise."""
    has_terminal: bool = False
    """Whether it prints to a terminal, so that its log is raw bytes."""
    ports: tuple[str, ...] = ()
    """What the host publishes of it, for instance ``127.0.0.1:8082->8080/tcp``."""
    oom_killed: bool = False
    """Whether the kernel killed it because memory ran out."""
    is_replacement: bool = False
    """Whether Compose v2 made it in place of another one."""
    is_one_off: bool = False
    """Whether it was made by ``run`` for one command, beside the containers that the service consists of."""

    @property
    def lost(self) -> bool:
        """True when it ended and nothing will start it again by itself."""
        return self.state in _LOST

    def ready(self, *, need_health: bool) -> bool:
        """True when it runs and, where that is asked for and it has a health check, is healthy."""
        return self.state == "running" and (not need_health or self.health in ("", "healthy"))


def from_inspect(facts: dict[str, Any]) -> Running:
    """Read the engine's answer to an inspection of a container."""
    state, config = facts["State"], facts["Config"]
    labels = config.get("Labels") or {}
    return Running(
        id=facts["Id"],
        name=facts["Name"].removeprefix("/"),
        image_id=facts["Image"],
        image_ref=config["Image"],
        state=state["Status"],
        health=_health(state),
        restart_count=facts.get("RestartCount", 0),
        exit_code=state["ExitCode"],
        started_at=state["StartedAt"],
        created_at=facts["Created"],
        project=labels.get(PROJECT_LABEL, ""),
        service=labels.get(SERVICE_LABEL, ""),
        has_terminal=config.get("Tty", False),
        ports=_ports(facts.get("NetworkSettings") or {}),
        oom_killed=state.get("OOMKilled", False),
        is_replacement=_REPLACES_LABEL in labels,
        is_one_off=labels.get(_ONE_OFF_LABEL, "").lower() == "true",
    )


def _ports(network: dict[str, Any]) -> tuple[str, ...]:
    published = sorted((network.get("Ports") or {}).items())
    return tuple(f"{one['HostIp']}:{one['HostPort']}->{inside}" for inside, hosts in published for one in hosts or ())


def removed(container_id: str) -> Running:
    """Stand for a container that the engine no longer knows."""
    return Running(container_id, "", "", "", "gone", "", 0, 0, "", "", "", "")


def stop_container(api: APIClient, container_id: str) -> None:
    """Stop a container with the grace period that it was made with.

    Raises:
        docker.errors.NotFound: there is no such container.
    """
    # Said to the SDK too, which would else not wait for longer than its own limit.
    api.stop(container_id, timeout=api.inspect_container(container_id)["Config"].get("StopTimeout"))


def remove_container(api: APIClient, container_id: str) -> None:
    """Stop and remove a container, and none of its volumes; one that is gone is fine, and one that is going too."""
    with suppress(NotFound):
        stop_container(api, container_id)
        try:
            api.remove_container(container_id, v=False, force=True)
        except APIError as error:
            if error.status_code != HTTPStatus.CONFLICT:
                raise
            api.wait(container_id, timeout=api.timeout, condition="removed")


def anonymous_volumes(api: APIClient, container: str) -> tuple[str, ...]:
    """Where a container has volumes that nobody gave a name, sorted; nothing for one that is gone."""
    try:
        mounts = api.inspect_container(container)["Mounts"]
    except NotFound:
        return ()
    return tuple(sorted(one["Destination"] for one in mounts if _NO_NAME.fullmatch(one.get("Name", ""))))


def _health(state: dict[str, Any]) -> str:
    status: str = (state.get("Health") or {}).get("Status", "")
    return "" if status == "none" else status
