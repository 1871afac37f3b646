"""Which daemon and which environment are meant (spec: Two programs)."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from releasectl.errors import ClientError, usage
from releasectl.exit_codes import ExitCode
from releasectl.settings import Settings

ADDRESS = "RELEASECTL_ADDRESS"
"""The variable that names a daemon."""
DEFAULT_ADDRESS = "unix:///run/released/released.sock"
_LONGEST_SOCKET_PATH = 107


@dataclass(frozen=True)
class Target:
    """An address of a daemon, and the environment; empty where the daemon is to take its only one."""

    address: str
    environment: str = ""

    @property
    def socket_path(self) -> str:
        """The path of the daemon's Unix socket."""
        return self.address.removeprefix("unix://")


def resolve(settings: Settings, variables: Mapping[str, str] = os.environ) -> Target:
    """Find the daemon by flag, else by variable, else by profile, else at its usual place.

    A profile is one daemon and its environment: it is left alone where the address came from elsewhere, unless it
    was named.

    Raises:
        ClientError: the address or the profile cannot be used (exit code 2).
    """
    given = settings.address or variables.get(ADDRESS)
    profile = _profile(settings.profile, variables) if settings.profile or not given else {}
    address = given or profile.get("address", DEFAULT_ADDRESS)
    return Target(_checked(address), settings.environment or profile.get("env", ""))


def _checked(address: str) -> str:
    path = address.removeprefix("unix://")
    if path == address or not path.startswith("/"):
        raise usage(f"{address!r} is not an address of a daemon: expected unix:///absolute/path/of.sock.")
    if len(os.fsencode(path)) > _LONGEST_SOCKET_PATH:
        raise usage(
            f"The path of {address} is longer than the {_LONGEST_SOCKET_PATH} bytes that a Unix socket may have."
        )
    return address


def _profile(name: str | None, variables: Mapping[str, str]) -> dict[str, str]:
    path = _config_path(variables)
    profiles = _read(path).get("profiles", {})
    if not isinstance(profiles, dict):
        raise _config_error(f"{path}: profiles: expected a table [profiles.default].")
    profile = profiles.get(name or "default", {} if name is None else None)
    if profile is None:
        known = ", ".join(sorted(profiles)) or "none"
        raise _config_error(f"{path}: there is no profile {name!r}; known: {known}.")
    return _texts(profile, f"{path}: profiles.{name or 'default'}")


def _texts(profile: object, where: str) -> dict[str, str]:
    if not isinstance(profile, dict):
        raise _config_error(f"{where}: expected a table with address and env.")
    for key, value in profile.items():
        if key not in ("address", "env"):
            raise _config_error(f"{where}.{key}: unknown key; known: address, env.")
        if not isinstance(value, str):
            raise _config_error(f"{where}.{key}: expected a text, got {value!r}.")
    return profile


def _config_path(variables: Mapping[str, str]) -> Path:
    base = variables.get("XDG_CONFIG_HOME") or Path(variables.get("HOME") or Path.home()) / ".config"
    return Path(base) / "releasectl" / "config.toml"


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise _config_error(f"{path}: cannot be read: {error}.") from error


def _config_error(message: str) -> ClientError:
    return ClientError(ExitCode.USAGE, "client_config_invalid", message)
