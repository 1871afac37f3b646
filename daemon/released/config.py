"""Loads the configuration file; the one place that reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from released.domain.configuration import Configuration, InvalidConfiguration, parse_configuration

if TYPE_CHECKING:
    from pathlib import Path


def load(file: Path) -> Configuration:
    """Read and validate a configuration file.

    Raises:
        InvalidConfiguration: it cannot be read, or it is wrong; with every fault.
    """
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidConfiguration([f"{file}:1: expected a readable configuration file, got: {error}"]) from None
    return parse_configuration(text, str(file))
