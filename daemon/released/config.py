"""Loads the configuration file; the one place that reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from released.adapters.webhook import read_secret
from released.domain import strict_yaml
from released.domain.configuration import Configuration, InvalidConfiguration, parse_configuration
from released.domain.errors import InvalidInput

if TYPE_CHECKING:
    from pathlib import Path


def load(file: Path) -> Configuration:
    """Read and validate a configuration file.

    Raises:
        InvalidConfiguration: it cannot be read, or it is wrong; with every fault.
    """
    return parse_configuration(_text(file), str(file))


def load_with_secrets(file: Path) -> Configuration:
    """Read and validate a configuration file, and look whether the secrets that it names can be used.

    Raises:
        InvalidConfiguration: see ``load``; or a secret cannot be used.
    """
    configuration = load(file)
    if configuration.webhook is not None:
        try:
            read_secret(configuration.webhook.secret_file)
        except InvalidInput as error:
            path = ("webhook", "secret_file")
            line = strict_yaml.parse(_text(file)).line(path)
            raise InvalidConfiguration([strict_yaml.located(str(file), line, path, error.message)]) from None
    return configuration


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidConfiguration([f"{file}:1: expected a readable configuration file, got: {error}"]) from None
