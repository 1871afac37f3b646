"""Loads the configuration file; the one place that reads it."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from released.adapters.private_files import read_private
from released.adapters.webhook import read_secret
from released.domain import strict_yaml
from released.domain.configuration import Configuration, InvalidConfiguration, parse_configuration
from released.domain.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def load(file: Path) -> Configuration:
    """Read and validate a configuration file.

    Raises:
        InvalidConfiguration: it cannot be read, others may write it, or it is wrong; with every fault.
    """
    return parse_configuration(_text(file), str(file))


def load_with_secrets(file: Path) -> Configuration:
    """Read and validate a configuration file, and look whether the secrets that it names can be used.

    Raises:
        InvalidConfiguration: see ``load``; or secrets cannot be used.
    """
    configuration = load(file)
    problems = tuple(_unusable_secrets(configuration))
    if problems:
        document = strict_yaml.parse(_text(file))
        raise InvalidConfiguration(
            [strict_yaml.located(str(file), document.line(path), path, fault) for path, fault in problems]
        )
    return configuration


def _unusable_secrets(configuration: Configuration) -> Iterator[tuple[strict_yaml.Path, str]]:
    """Give the place of each secret that cannot be used, and why."""
    if configuration.webhook is not None:
        try:
            read_secret(configuration.webhook.secret_file)
        except InvalidInput as error:
            yield ("webhook", "secret_file"), error.message
    for name, environment in configuration.environments.items():
        if environment.git.credential_file is not None:
            try:
                read_private(environment.git.credential_file)
            except InvalidInput as error:
                yield ("environments", name, "git", "credential_file"), error.message


def _text(file: Path) -> str:
    try:
        with file.open(encoding="utf-8") as opened:
            _refuse_writable(file, os.fstat(opened.fileno()))
            return opened.read()
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidConfiguration([f"{file}:1: expected a readable configuration file, got: {error}"]) from None


def _refuse_writable(file: Path, found: os.stat_result) -> None:
    """Let pass what only those can have written whose programs we may run."""
    if found.st_mode & stat.S_IWOTH:
        got = f"mode {stat.S_IMODE(found.st_mode):04o} (chmod o-w {file})"
        raise InvalidConfiguration([f"{file}:1: expected a file that others cannot write, got {got}"])
    if found.st_uid not in (0, os.geteuid()):
        got = f"one of uid {found.st_uid} (chown {os.geteuid()} {file})"
        raise InvalidConfiguration([f"{file}:1: expected a file of root or of the user that reads it, got {got}"])
