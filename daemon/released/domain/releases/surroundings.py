"""How things stood around a failure: looked at before any clean-up, bounded, secrets masked, part of the record."""

from __future__ import annotations

import msgspec

LOG_CHARACTERS, PROBE_CHARACTERS = 2048, 512
MOST_CONTAINERS, MOST_PATHS, MOST_PORTS = 6, 20, 20


class ContainerSeen(msgspec.Struct, frozen=True):
    """A container of an affected service; its two logs come from outside and are not to be trusted."""

    name: str
    state: str
    health: str
    image: str
    exit_code: int
    oom_killed: bool = False
    ports: tuple[str, ...] = ()
    log: str = ""
    """What it printed last."""
    health_log: str = ""
    """Exit code and output of the last health probes."""


class Probed(msgspec.Struct, frozen=True):
    """What an endpoint answered."""

    service: str
    url: str
    code: int
    """0 where nothing answered."""
    said: str = ""
    """The beginning of the body, or why there is no answer; from outside and not to be trusted."""


class Surroundings(msgspec.Struct, frozen=True):
    """What was to be seen; what could not be looked at is empty, and ``unseen`` says why."""

    containers: tuple[ContainerSeen, ...] = ()
    probes: tuple[Probed, ...] = ()
    head: str = ""
    branch: str = ""
    """Empty where HEAD is detached."""
    changed_paths: tuple[str, ...] = ()
    """Where the working tree differs from HEAD."""
    free_bytes: dict[str, int] = {}
    """Of the disks that hold these folders."""
    engine: str = ""
    """Its version."""
    unseen: tuple[str, ...] = ()
