"""What a release needs to know of a Compose file, read from Compose's own rendering of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import yaml

_PREFIX = re.compile(r"^\$(\{[^}]*\}|\w+)")


@dataclass(frozen=True)
class ComposeService:
    """One service of a Compose file, without its environment: that may hold secrets."""

    name: str
    image: str | None
    container_name: str | None
    has_build: bool
    has_healthcheck: bool
    """True where the file sets one; the image may bring its own."""
    profiles: tuple[str, ...]
    volumes: tuple[str, ...]
    """Keys of the named volumes that it mounts; folders of the host are left out."""


@dataclass(frozen=True)
class ComposeModel:
    """The services of a Compose file, sorted by name."""

    services: tuple[ComposeService, ...]

    def service(self, name: str) -> ComposeService | None:
        """The service of this name."""
        return next((one for one in self.services if one.name == name), None)


def read_model(document: dict[str, Any]) -> ComposeModel:
    """Read the output of ``config``; v1 and v2 differ only in how they write volumes."""
    services = document.get("services") or {}
    return ComposeModel(tuple(_service(name, services[name]) for name in sorted(services)))


def declared_volumes(text: str) -> frozenset[str]:
    """Read which named volumes a Compose file declares, by their keys and the names that it gives them.

    Nothing is resolved, but a variable in front of a name is left out: that is where the prefix goes. Empty for a text
    that is no Compose file.
    """
    try:
        # Text only: a date that no calendar knows, or a tag of Compose's own, is no reason to understand nothing.
        document = yaml.BaseLoader(text).get_single_data()
    except (yaml.YAMLError, RecursionError):
        return frozenset()
    volumes = document.get("volumes") if isinstance(document, dict) else None
    if not isinstance(volumes, dict):
        return frozenset()
    given = (str(facts.get("name", "")) for facts in volumes.values() if isinstance(facts, dict))
    return frozenset(filter(None, (*map(str, volumes), *(_PREFIX.sub("", name) for name in given))))


def _service(name: str, facts: dict[str, Any]) -> ComposeService:
    return ComposeService(
        name=name,
        image=facts.get("image"),
        container_name=facts.get("container_name"),
        has_build=bool(facts.get("build")),
        has_healthcheck=_has_healthcheck(facts.get("healthcheck") or {}),
        profiles=tuple(facts.get("profiles") or ()),
        volumes=tuple(dict.fromkeys(filter(None, map(_named_volume, facts.get("volumes") or ())))),
    )


def _has_healthcheck(check: dict[str, Any]) -> bool:
    test = check.get("test") or []
    return bool(test) and not check.get("disable") and list(test) != ["NONE"]


def _named_volume(mount: str | dict[str, Any]) -> str | None:
    if isinstance(mount, dict):
        return mount.get("source") if mount.get("type") == "volume" else None
    source, colon, _ = mount.partition(":")
    return source if colon and not source.startswith(("/", ".", "~")) else None
