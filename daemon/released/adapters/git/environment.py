"""The environment in which git runs: what an ops repo, its configuration or our caller bring along is not executed."""

from __future__ import annotations

import os
import re
import shlex
from typing import TYPE_CHECKING

from released.domain.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

MARKER = "RELEASED_GIT_CHECKOUT"
"""A variable that only git processes started by us carry; its value is the checkout."""

_PROTOCOL = re.compile(r"[a-z][a-z0-9+.-]{0,31}")
_RUNS_COMMANDS = frozenset({"ext", "fd"})
_NO_PROMPT_SSH = "ssh -o BatchMode=yes"


def hardened_environment(
    checkout: Path, ssh_command: str | None, credential_file: Path | None, allow_protocols: Sequence[str]
) -> dict[str, str]:
    """Return the variables that git is started with, on top of an inherited environment without any ``GIT_*``.

    System and user configuration are not read. The repository's own is, but what it could make git execute is
    overridden: hooks, fsmonitor, ssh and proxy commands, askpass programs, credential helpers, external transports, and
    what would be asked for objects that are missing or lie elsewhere. So is the folder that it names as its work tree.
    Content filters (``filter.*``) stay, as a checkout that uses them would otherwise look dirty.

    Raises:
        InvalidInput: a protocol is no protocol name, or one that runs commands.
    """
    protocols = tuple(_accepted_protocol(name) for name in allow_protocols)
    return {
        MARKER: str(checkout),
        "LC_ALL": "C",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_CEILING_DIRECTORIES": str(checkout.parent),
        "GIT_WORK_TREE": str(checkout),  # else core.worktree of the repository has another folder written
        "GIT_LITERAL_PATHSPECS": "1",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_NO_LAZY_FETCH": "1",  # else a missing object is fetched from any remote, by the program that it names
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_ALLOW_PROTOCOL": ":".join(protocols),
        **_nobody_is_asked(ssh_command),
        **_identity(),
        **_as_variables(_configuration(checkout, credential_file, protocols)),
    }


def inherited_git_variables() -> tuple[str, ...]:
    """Return the names of the ``GIT_*`` variables that we were started with and that git must not see."""
    return tuple(sorted(name for name in os.environ if name.startswith("GIT_")))


def _accepted_protocol(name: str) -> str:
    if not _PROTOCOL.fullmatch(name) or name in _RUNS_COMMANDS:
        raise InvalidInput(
            "protocol_invalid",
            f"git.allow_protocols: {name!r} cannot be allowed: expected transports such as https, ssh, file or git.",
        )
    return name


def _nobody_is_asked(ssh_command: str | None) -> dict[str, str]:
    return {
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": "",
        "GIT_PROXY_COMMAND": "",
        "GIT_EDITOR": "false",
        "GIT_SSH_COMMAND": ssh_command or _NO_PROMPT_SSH,
    }


def _identity() -> dict[str, str]:
    roles = ("AUTHOR", "COMMITTER")
    names = {f"GIT_{role}_NAME": "released" for role in roles}
    return names | {f"GIT_{role}_EMAIL": "released@localhost" for role in roles}


def _configuration(checkout: Path, credential_file: Path | None, protocols: Sequence[str]) -> list[tuple[str, str]]:
    settings = [
        ("safe.directory", str(checkout)),
        ("core.hooksPath", os.devnull),
        ("core.fsmonitor", "false"),
        ("core.alternateRefsCommand", "true"),  # the shell's: a fetch would run what the repository names
        ("core.quotePath", "false"),
        ("core.fsync", "all"),
        ("core.logAllRefUpdates", "true"),  # whatever a branch is moved away from can be found again
        ("submodule.recurse", "false"),
        ("gc.auto", "0"),
        ("maintenance.auto", "false"),
        ("i18n.commitEncoding", "UTF-8"),  # part of a commit, so of its id
        ("push.pushOption", ""),  # an empty one forgets those that the repository configures
        ("protocol.allow", "never"),
        ("protocol.ext.allow", "never"),
        ("credential.helper", ""),  # as above
    ]
    settings += [(f"protocol.{name}.allow", "always") for name in protocols]
    if credential_file is not None:
        # git hands the helper to a shell, so the path is quoted for one.
        settings.append(("credential.helper", f"store --file={shlex.quote(str(credential_file))}"))
    return settings


def _as_variables(settings: Sequence[tuple[str, str]]) -> dict[str, str]:
    variables = {"GIT_CONFIG_COUNT": str(len(settings))}
    for number, (key, value) in enumerate(settings):
        variables |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    return variables
