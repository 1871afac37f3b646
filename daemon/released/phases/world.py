"""What the phases act on: one environment's checkout, engine, Compose and state directory."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from released.adapters.commands.scripts import Scripts
from released.adapters.docker import compose
from released.adapters.docker.compose import Compose
from released.adapters.docker.engine import DockerEngine
from released.adapters.git.checkout import Git
from released.adapters.interruption import Interruption
from released.domain.configuration import Environment
from released.domain.ops_repo import dotenv
from released.domain.redaction import Redactor, secret_values


@dataclass(frozen=True)
class World:
    """One environment of the outside world."""

    name: str
    settings: Environment
    state_dir: Path
    git: Git
    engine: DockerEngine
    scripts: Scripts
    monotonic: Callable[[], float] = field(default=time.monotonic)
    interruption: Interruption = field(default_factory=Interruption)
    """Looked at by steps only: what else looks at this world, for instance a client's question, goes on."""

    @property
    def root(self) -> Path:
        """The root of the checkout."""
        return self.settings.repo

    @property
    def env_file(self) -> Path:
        """The ``.env`` of the checkout."""
        return self.root / ".env"

    @cached_property
    def compose(self) -> Compose:
        """The Compose command of this machine.

        Raises:
            Refused: ``compose_missing``.
        """
        return Compose.detect(self.settings.compose, self.command_environment({}))

    def variables(self) -> dict[str, str]:
        """Read the variables of ``.env``; empty where there is none. Bytes that are no UTF-8 become surrogates."""
        if not self.env_file.is_file():
            return {}
        return dotenv.parse(self.env_file.read_text(encoding="utf-8", errors="surrogateescape"))

    def secrets(self) -> tuple[str, ...]:
        """List the values that must reach no disk, stream or event (spec: interface, Configuration)."""
        return secret_values(self.variables(), self.settings.redact)

    def mask(self, text: str) -> str:
        """Hide every secret value in a text."""
        return Redactor(self.secrets()).mask(text)

    def command_environment(self, variables: dict[str, str]) -> dict[str, str]:
        """Make the environment of a tool: a short list of the daemon's variables, the engine's URL, and these."""
        return compose.environment(os.environ, self.settings.docker, variables)
