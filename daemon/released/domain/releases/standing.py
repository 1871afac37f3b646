"""A container of a service as it was found, and what may be done with it: for decisions that the engine has no part in.

While Compose replaces a container, one of the two is *set aside*: it carries twelve digits in front of its own name.
Compose 1.29 sets the old one aside under its own id, Compose v2 the new one under the id of the one that it replaces.
"""

from __future__ import annotations

import re
from enum import StrEnum

import msgspec

_SET_ASIDE = re.compile(r"(?P<id>[0-9a-f]{12})_(?P<name>.+)")


class Standing(msgspec.Struct, frozen=True):
    """One container that carries a service's labels."""

    id: str
    name: str
    service: str
    """Its name in the Compose file."""
    state: str
    """The engine's word: ``created running paused restarting exited dead``."""
    is_replacement: bool = False
    """Whether Compose made it in place of another one, by its label."""

    @property
    def has_run(self) -> bool:
        """True where it was ever started."""
        return self.state != "created"

    @property
    def is_aside(self) -> bool:
        """True where it still carries the name under which Compose keeps it while it replaces a container."""
        found = _SET_ASIDE.fullmatch(self.name)
        return found is not None and (self.id.startswith(found["id"]) or self.is_replacement)

    @property
    def own_name(self) -> str:
        """The name that it has when nothing is being replaced."""
        found = _SET_ASIDE.fullmatch(self.name)
        return found["name"] if found and self.is_aside else self.name


class Verb(StrEnum):
    """What is done with a container."""

    REMOVE = "remove"
    """Stop and remove it, and none of its volumes."""
    PUT_BACK = "put back"
    """Give it its own name again."""
    START = "start"


class Settlement(msgspec.Struct, frozen=True):
    """What is done with one container, and why."""

    verb: Verb
    container: Standing
    why: str
