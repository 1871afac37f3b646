"""The configuration of the daemon as one frozen value, validated as a whole (spec: interface, Configuration)."""

from __future__ import annotations

import difflib
import re
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator, model_validator

from released.domain import strict_yaml
from released.domain.manifest import Duration


def _absolute(value: object) -> object:
    if isinstance(value, str):
        if not value.startswith("/"):
            raise ValueError(f"expected an absolute path, got {value!r}")
        return Path(value)
    return value


AbsolutePath = Annotated[Path, BeforeValidator(_absolute)]
Name = Annotated[str, Field(pattern=r"^[a-zA-Z0-9][a-zA-Z0-9_-]{0,31}$")]
Folder = Annotated[str, Field(pattern=r"^(?!/)(?!.*(^|/)\.\.(/|$)).+[^/]$")]
"""A folder relative to the root of the ops repo."""


class _Model(BaseModel):
    # Python's engine, because the pattern of a folder looks ahead and pydantic's own cannot.
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, regex_engine="python-re")


class Store(_Model):
    """Where the record lies."""

    url: Annotated[str, Field(pattern=r"^sqlite:////.+")]

    @property
    def path(self) -> Path:
        """The SQLite file."""
        return Path(self.url.removeprefix("sqlite:///"))


class GitSettings(_Model):
    """How git reaches the remote."""

    ssh_command: str | None = None
    credential_file: AbsolutePath | None = None
    allow_protocols: list[Literal["https", "ssh", "file", "git", "http"]] = ["https", "ssh", "file"]


class Recovery(_Model):
    """What a restarted daemon does with a release that it finds unfinished."""

    on_restart: Literal["resume", "halt"] = "resume"
    resume_within: Duration = 3600.0


class Verify(_Model):
    """How patient verify is."""

    budget: Duration = 120.0


class Folders(_Model):
    """Names of the folders of the ops repo."""

    packages: Folder = "packages"
    releases: Folder = "releases"


class Environment(_Model):
    """One production or staging installation."""

    repo: AbsolutePath
    remote: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")] = "origin"
    branch: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]*$")] = "main"
    workspace: Folder = ".asd/workspace"
    folders: Folders = Folders()
    docker: Annotated[str, Field(pattern=r"^unix:///.+")] = "unix:///var/run/docker.sock"
    compose: Literal["auto", "v2", "v1"] = "auto"
    git: GitSettings = GitSettings()
    paths: dict[str, list[str]] = {}
    unmatched_paths: Literal["ignore", "warn", "refuse"] = "warn"
    recovery: Recovery = Recovery()
    verify: Verify = Verify()
    redact: list[str] = []


class Listener(_Model):
    """A Unix socket to listen on."""

    address: str
    mode: int = 0o660
    group: str | None = None

    @property
    def path(self) -> Path:
        """The socket's file."""
        return Path(self.address.removeprefix("unix://"))


def _listener(value: object) -> object:
    return {"address": value} if isinstance(value, str) else value


def _octal(value: object) -> object:
    if isinstance(value, str) and re.fullmatch(r"0?[0-7]{3}", value):
        return int(value, 8)
    raise ValueError(f"expected a quoted octal mode such as '0660', got {value!r}")


class _ListenerInput(Listener):
    mode: Annotated[int, BeforeValidator(_octal)] = 0o660


class Configuration(_Model):
    """Everything that an operator decides."""

    store: Store
    state_dir: AbsolutePath | None = None
    listen: Annotated[list[Annotated[_ListenerInput, BeforeValidator(_listener)]], Field(min_length=1)]
    environments: Annotated[dict[Name, Environment], Field(min_length=1)]

    @field_validator("listen")
    @classmethod
    def _unix_sockets_only(cls, listeners: list[_ListenerInput]) -> list[_ListenerInput]:
        for listener in listeners:
            if not listener.address.startswith("unix:///"):
                raise ValueError(f"expected unix:///…, got {listener.address!r}")
        return listeners

    @model_validator(mode="after")
    def _share_nothing(self) -> Self:
        repos = [environment.repo for environment in self.environments.values()]
        if len(set(repos)) < len(repos):
            raise ValueError("expected a checkout of its own for each environment, got the same repo twice")
        return self

    @property
    def state(self) -> Path:
        """Where backups and step output lie: beside the SQLite file unless configured."""
        return self.state_dir or self.store.path.parent


class InvalidConfiguration(Exception):
    """The configuration is wrong; ``problems`` has one ``file:line: path: …`` for each fault."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def parse_configuration(text: str, file: str) -> Configuration:
    """Read a configuration.

    Raises:
        InvalidConfiguration: with every fault that was found.
    """
    try:
        document = strict_yaml.parse(text)
        return Configuration.model_validate(document.data)
    except strict_yaml.YamlProblem as problem:
        raise InvalidConfiguration([f"{file}:{problem.line}: {problem.message}"]) from None
    except ValidationError as error:
        found = list(strict_yaml.problems(error, document, file))
        raise InvalidConfiguration([_with_nearest_key(problem) for problem in found]) from None


def _with_nearest_key(problem: str) -> str:
    """Name the known key that an unknown one is nearest to."""
    head, separator, rest = problem.rpartition(": ")
    if rest != "unknown key":
        return problem
    key = head.rsplit(": ", 1)[-1].rsplit(".", 1)[-1]
    near = difflib.get_close_matches(key, _known_keys(), n=1)
    return f"{head}{separator}expected a known key{f' ({near[0]}?)' if near else ''}, got {key!r}"


def _known_keys() -> list[str]:
    models = (Configuration, Store, GitSettings, Recovery, Verify, Folders, Environment, Listener)
    return sorted({name for model in models for name in model.model_fields})
