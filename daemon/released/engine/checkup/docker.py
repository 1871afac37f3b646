"""The Docker engine and Compose."""

from __future__ import annotations

from released.adapters.docker.compose import Compose
from released.domain.environments.checkup import Check, engine_version, ok
from released.engine.checkup.subject import Subject


def engine(subject: Subject) -> Check:
    """Look whether the engine answers, and in which version."""
    return engine_version(subject.world.engine.version())


def compose(subject: Subject) -> Check:
    """Look for Compose anew: it may have been installed or removed since the daemon began."""
    world = subject.world
    found = Compose.detect(world.settings.compose, world.command_environment({}))
    return ok("compose", f"Compose {found.version} is there ({' '.join(found.command)}).")
