"""Compose through its own command line: which one there is, what to type, and what it makes of a file."""

from __future__ import annotations

import json
import re
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import yaml

from released.adapters.commands.sessions import communicate
from released.adapters.docker.compose_model import ComposeModel, read_model
from released.adapters.interruption import Interruption
from released.domain.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

Preference = Literal["auto", "v2", "v1"]

_INHERITED = ("PATH", "HOME", "DOCKER_CONFIG", "LANG", "LC_ALL")
_COMMANDS = (("docker", "compose"), ("docker-compose",))
_OLDEST = (1, 29)
_VERSION = re.compile(r"v?(\d+)\.(\d+)\.\S+")
_PROBE_S = 30.0
_CONFIG_S = 120.0
_SHOWN = 8192


@dataclass(frozen=True)
class ComposeProject:
    """What every Compose command of a service has in front; paths are absolute."""

    name: str
    directory: Path
    """Relative paths inside the Compose file start here."""
    file: Path
    env_file: Path | None = None


def environment(
    inherited: Mapping[str, str], docker_host: str, variables: Mapping[str, str] | None = None
) -> dict[str, str]:
    """What a Compose command may see: a few variables of the daemon, the engine's URL, and ours over them.

    Nothing else is passed, so that a stray ``COMPOSE_FILE`` or ``DOCKER_CONTEXT`` of the daemon changes nothing.

    Args:
        inherited: the daemon's own environment.
        docker_host: URL of the engine.
        variables: more variables, such as an image's tag; they win over the project's ``.env``.
    """
    kept = {name: inherited[name] for name in _INHERITED if name in inherited}
    return {**kept, "DOCKER_HOST": docker_host, **(variables or {})}


@dataclass(frozen=True)
class Compose:
    """The Compose command of this machine."""

    name: Literal["v2", "v1"]
    version: str
    command: tuple[str, ...]

    @classmethod
    def detect(cls, preference: Preference, env: Mapping[str, str]) -> Compose:
        """Find Compose on the ``PATH`` of ``env``: v2 first, 1.29 accepted, unless the configuration insists.

        Raises:
            Refused: ``compose_missing``.
        """
        found = (_probe(command, env) for command in _COMMANDS)
        chosen = next((one for one in found if one and preference in ("auto", one.name)), None)
        if chosen is None:
            raise _missing(preference)
        return chosen

    def pull(self, project: ComposeProject, services: Sequence[str]) -> list[str]:
        """Command that pulls the images of these services."""
        return [*self._front(project), "pull", *services]

    def build(self, project: ComposeProject, services: Sequence[str]) -> list[str]:
        """Command that builds the images of these services."""
        return [*self._front(project), "build", *services]

    def recreate(self, project: ComposeProject, services: Sequence[str]) -> list[str]:
        """Command that replaces the containers of these services, and no others, with the images that are there.

        Raises:
            ValueError: no service is named; Compose would take that for all of them.
        """
        if not services:
            raise ValueError("name the services to recreate: without a name Compose recreates every one")
        return [*self._front(project), "up", "-d", "--force-recreate", "--no-deps", "--no-build", *services]

    def up(self, project: ComposeProject) -> list[str]:
        """Command that makes a project's containers what the file says, and leaves those alone that are so already."""
        return [*self._front(project), "up", "-d"]

    def config(
        self,
        project: ComposeProject,
        env: Mapping[str, str],
        interruption: Interruption,
        mask: Callable[[str], str] = str,
    ) -> ComposeModel:
        """What Compose makes of the file: variables, defaults and extensions resolved.

        The answer holds secrets, so it stays in memory and only what a release needs is returned.

        Args:
            project: the project to read.
            env: the command's environment, see ``environment``.
            interruption: ends the command.
            mask: hides secret values in Compose's own error text.

        Raises:
            Refused: ``compose_invalid``, with Compose's own words.
            StepFailed: ``killed``, when it is interrupted.
        """
        answer = _run(self._config_argv(project), env, _CONFIG_S, interruption, project.directory)
        if answer is None or answer.returncode != 0:
            raise _invalid(project, mask(answer.stderr if answer else "no answer")[-_SHOWN:])
        return read_model(_parse(self.name, answer.stdout))

    def _config_argv(self, project: ComposeProject) -> list[str]:
        if self.name == "v1":
            return [*self._front(project), "config"]
        return [*self._front(project), "--profile", "*", "config", "--format", "json"]

    def _front(self, project: ComposeProject) -> list[str]:
        where = ["-p", project.name, "--project-directory", str(project.directory), "-f", str(project.file)]
        env_file = ["--env-file", str(project.env_file)] if project.env_file else []
        return [*self.command, *where, *env_file]


def _run(
    argv: Sequence[str],
    env: Mapping[str, str],
    timeout_s: float,
    interruption: Interruption,
    cwd: Path | None = None,
) -> subprocess.CompletedProcess[str] | None:
    """Run to its end with output in memory only; ``None`` where the command is missing or hangs."""
    try:
        with subprocess.Popen(
            argv,
            env=env,
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        ) as process:
            output, complaint = communicate(process, timeout_s, interruption)
    except (OSError, TimeoutError):
        return None
    return subprocess.CompletedProcess(
        argv, process.returncode, output.decode(errors="replace"), complaint.decode(errors="replace")
    )


def _probe(command: tuple[str, ...], env: Mapping[str, str]) -> Compose | None:
    answer = _run((*command, "version", "--short"), env, _PROBE_S, Interruption())
    version = _VERSION.fullmatch(answer.stdout.strip()) if answer and answer.returncode == 0 else None
    if not version or (int(version[1]), int(version[2])) < _OLDEST:
        return None
    # A stand-alone v2 is also called docker-compose, so the version tells, not the name.
    return Compose("v1" if version[1] == "1" else "v2", version[0].removeprefix("v"), command)


def _parse(name: str, text: str) -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(text) if name == "v1" else json.loads(text)
    return document


def _missing(preference: Preference) -> Refused:
    wanted = {"auto": "Compose (v2, or 1.29)", "v2": "Compose v2", "v1": "Compose 1.29"}[preference]
    return Refused(
        "compose_missing",
        f"{wanted} is not installed: neither 'docker compose version' nor 'docker-compose version' answers with it. "
        "Install the package docker-compose-plugin (v2) or docker-compose (1.29), or set 'compose' of this "
        "environment to what is there, then run again.",
    )


def _invalid(project: ComposeProject, said: str) -> Refused:
    return Refused(
        "compose_invalid",
        f"Compose cannot read {project.file}: {said.strip()}\nMend the file or the variables that it names, "
        "then run again.",
    )
