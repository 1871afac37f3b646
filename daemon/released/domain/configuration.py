"""The configuration of the daemon as one frozen value, validated as a whole (spec: interface, Configuration)."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator

from released.domain import strict_yaml
from released.domain.fields import Duration, matching
from released.domain.releases.reminders import LONGEST_PAUSE
from released.domain.webhook.url import parse_webhook_url


def _absolute(value: object) -> object:
    if not isinstance(value, str) or not value.startswith("/") or ".." in Path(value).parts or not value.isprintable():
        raise ValueError("expected an absolute path without '..'")
    return Path(value)


def _relative(value: str) -> str:
    plain = str(Path(value))
    if value.startswith("/") or plain == "." or ".." in Path(value).parts or not value.isprintable():
        raise ValueError("expected a folder below the root of the ops repo, without '..'")
    return plain


AbsolutePath = Annotated[Path, BeforeValidator(_absolute)]
Name = Annotated[str, matching(r"[a-zA-Z0-9][a-zA-Z0-9_-]{0,31}", "a name of at most 32 letters, digits, '_' or '-'")]
Folder = Annotated[str, AfterValidator(_relative)]
"""A folder relative to the root of the ops repo."""


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Store(_Model):
    """Where the record lies."""

    url: Annotated[str, matching(r"sqlite:////.+", "sqlite:////ABSOLUTE/PATH")]

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


def _at_most_a_day(seconds: float) -> float:
    if seconds > LONGEST_PAUSE.total_seconds():
        raise ValueError("expected at most 24h")
    return seconds


class Remind(_Model):
    """When a halted release says for the first time that it still waits; each further time as long again."""

    after: Annotated[Duration, AfterValidator(_at_most_a_day)] = 900.0


class Silence(_Model):
    """When a release that is under way and records and prints nothing says so: beyond what its step may take."""

    after: Duration = 900.0


class Playbooks(_Model):
    """When the detection commands of playbooks run."""

    detect: Literal["demand", "never", "always"] = "demand"


class Retention(_Model):
    """How long what steps printed is kept; events stay for ever."""

    output_days: Annotated[int, Field(ge=1, le=36500)] | None = None


class Folders(_Model):
    """Names of the folders of the ops repo."""

    packages: Folder = "packages"
    releases: Folder = "releases"


class Environment(_Model):
    """One production or staging installation."""

    repo: AbsolutePath
    remote: Annotated[str, matching(r"[A-Za-z0-9][A-Za-z0-9._-]*", "the name of a remote")] = "origin"
    branch: Annotated[str, matching(r"[A-Za-z0-9][A-Za-z0-9._/-]*", "the name of a branch")] = "main"
    workspace: Folder = ".asd/workspace"
    folders: Folders = Folders()
    docker: Annotated[str, matching(r"unix:///.+", "unix:///…")] = "unix:///var/run/docker.sock"
    compose: Literal["auto", "v2", "v1"] = "auto"
    git: GitSettings = GitSettings()
    paths: dict[str, list[str]] = {}
    unmatched_paths: Literal["ignore", "warn", "refuse"] = "warn"
    recovery: Recovery = Recovery()
    verify: Verify = Verify()
    remind: Remind = Remind()
    silence: Silence = Silence()
    playbooks: Playbooks = Playbooks()
    retention: Retention = Retention()
    redact: list[str] = []


def _octal(value: object) -> object:
    if isinstance(value, str) and re.fullmatch(r"0?[0-7]{3}", value):
        return int(value, 8)
    raise ValueError("expected an octal mode such as '0660'")


class Listener(_Model):
    """A Unix socket to listen on."""

    address: Annotated[str, matching(r"unix:///.+", "unix:///…")]
    mode: Annotated[int, BeforeValidator(_octal)] = 0o660
    group: str | None = None

    @property
    def path(self) -> Path:
        """The socket's file."""
        return Path(self.address.removeprefix("unix://"))

    @property
    def inner(self) -> Path:
        """The gRPC socket behind it, in a folder that only the daemon may enter: callers there say who they are."""
        return self.path.with_name(f"{self.path.name}.in") / "s"


class Webhook(_Model):
    """Where the daemon tells of releases that halt."""

    url: Annotated[str, AfterValidator(parse_webhook_url)]
    secret_file: AbsolutePath


def _listener(value: object) -> object:
    return {"address": value} if isinstance(value, str) else value


class Configuration(_Model):
    """Everything that an operator decides."""

    store: Store
    state_dir: AbsolutePath | None = None
    listen: Annotated[list[Annotated[Listener, BeforeValidator(_listener)]], Field(min_length=1)]
    environments: Annotated[dict[Name, Environment], Field(min_length=1)]
    webhook: Webhook | None = None

    @field_validator("environments")
    @classmethod
    def _share_no_checkout(cls, environments: dict[str, Environment]) -> dict[str, Environment]:
        repos = [environment.repo for environment in environments.values()]
        twice = next((repo for repo in repos if repos.count(repo) > 1), None)
        if twice:
            raise ValueError(f"expected a checkout of its own for each environment, got {str(twice)!r} twice")
        return environments

    @property
    def state(self) -> Path:
        """Where backups and step output lie: beside the SQLite file unless configured."""
        return self.state_dir or self.store.path.parent

    @property
    def private(self) -> tuple[Path, ...]:
        """What only the daemon itself may read or talk to: record, state, sockets, credentials."""
        record = (self.store.path.with_name(self.store.path.name + end) for end in ("", "-wal", "-shm"))
        credentials = (one.git.credential_file for one in self.environments.values())
        engines = (Path(one.docker.removeprefix("unix://")) for one in self.environments.values())
        sockets = (path for listener in self.listen for path in (listener.path, listener.inner.parent))
        secrets = [file for file in credentials if file] + ([self.webhook.secret_file] if self.webhook else [])
        return (self.state, *record, *sockets, *engines, *secrets)


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
    except strict_yaml.YamlProblem as problem:
        raise InvalidConfiguration([problem.in_file(file)]) from None
    try:
        return Configuration.model_validate(document.data)
    except ValidationError as error:
        raise InvalidConfiguration(list(strict_yaml.problems(error, document, file, _known_keys))) from None


def _known_keys(path: strict_yaml.Path) -> list[str]:
    """List the keys that may stand below a path."""
    match path:
        case ("store",):
            return list(Store.model_fields)
        case ("listen", _):
            return list(Listener.model_fields)
        case ("webhook",):
            return list(Webhook.model_fields)
        case ("environments", _):
            return list(Environment.model_fields)
        case ("environments", _, section):
            return list(_SECTIONS[str(section)].model_fields)
        case _:
            return list(Configuration.model_fields)


_SECTIONS: dict[str, type[BaseModel]] = {
    "git": GitSettings,
    "recovery": Recovery,
    "verify": Verify,
    "remind": Remind,
    "silence": Silence,
    "playbooks": Playbooks,
    "retention": Retention,
    "folders": Folders,
}
