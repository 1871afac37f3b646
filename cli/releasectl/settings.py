"""What the global flags say: read from the command line before or behind the subcommand, used everywhere."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass

import click


@dataclass
class Settings:
    """What the global flags say; ``None`` where nothing was typed."""

    address: str | None = None
    profile: str | None = None
    environment: str | None = None
    output: str = "text"
    no_color: bool = False
    quiet: bool = False
    verbose: bool = False
    timeout_s: float | None = None
    yes: bool = False

    @property
    def is_text(self) -> bool:
        """True where people read, False where programs do."""
        return self.output == "text"

    @property
    def color(self) -> bool:
        """Whether colour may be used where the output is a terminal (https://no-color.org)."""
        return not self.no_color and not os.environ.get("NO_COLOR")

    @property
    def typed(self) -> tuple[str, ...]:
        """The flags that say which daemon and environment are meant, to be put behind every command that is shown."""
        flags = (("--address", self.address), ("--profile", self.profile), ("--env", self.environment))
        return tuple(word for flag, value in flags if value is not None for word in (flag, value))

    def say(self, sentence: str) -> None:
        """Tell people something that is not data."""
        if self.is_text and not self.quiet:
            click.echo(sentence, err=True)

    def tell(self, detail: str) -> None:
        """Tell a detail to those who asked for details with ``-v``."""
        if self.verbose:
            click.echo(detail, err=True)


def of(context: click.Context) -> Settings:
    """Give the settings of the invocation; subcommands share those of the group."""
    return context.ensure_object(Settings)


def is_terminal() -> bool:
    """Tell whether somebody can be asked: keyboard and messages are both at a terminal."""
    return sys.stdin.isatty() and sys.stderr.isatty()
