"""What the Docker engine knows of a container, in our words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

PROJECT_LABEL = "com.docker.compose.project"
SERVICE_LABEL = "com.docker.compose.service"

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
    )


def removed(container_id: str) -> Running:
    """Stand for a container that the engine no longer knows."""
    return Running(container_id, "", "", "", "gone", "", 0, 0, "", "", "", "")


def _health(state: dict[str, Any]) -> str:
    status: str = (state.get("Health") or {}).get("Status", "")
    return "" if status == "none" else status
