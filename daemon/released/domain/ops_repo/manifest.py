"""A service's ``manifest.yaml``: the fields that a release reads (spec: The ops repo)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from released.domain import strict_yaml
from released.domain.fields import Duration, matching

ContainerName = Annotated[str, matching(r"[a-zA-Z0-9][a-zA-Z0-9_.-]*", "a name of letters, digits, '_', '.' or '-'")]


class _Model(BaseModel):
    """Unknown keys are only warned about: teams keep notes of their own in manifests."""

    model_config = ConfigDict(extra="allow", frozen=True, strict=True)


class Image(_Model):
    """Which image the service runs."""

    name: Annotated[str, matching(r"[a-z0-9][a-z0-9._/:-]*", "an image name without its tag")]
    tag: Annotated[str, matching(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}", "an image tag")]
    env_var: Annotated[str, matching(r"[A-Za-z_][A-Za-z0-9_]*", "the name of a variable")] | None = None
    build: bool = False


class Container(_Model):
    """One container; CONTAINER_PREFIX is put in front of its name."""

    name: ContainerName
    role: str = "app"
    required: bool = True
    health_check: bool = False


class Health(_Model):
    """How the service says that it is well."""

    endpoint: Annotated[str, matching(r"https?://\S+", "http://… or https://…")] | None = None
    expected_code: Annotated[int, Field(ge=100, le=599)] = 200
    timeout: Duration = 120.0


class Database(_Model):
    """Where the service's database runs."""

    engine: str
    container: ContainerName
    name: str
    user: str


Kind = Literal["database", "volume", "workspace", "config"]


class Backup(_Model):
    """What is saved before a release touches the service."""

    enabled: bool = False
    type: list[Kind] = []
    quiesce: Literal["none", "pause", "stop"] = "none"
    database: Database | None = None
    volumes: list[ContainerName] = []
    retention: Annotated[int, Field(ge=1)] = 7

    @field_validator("type", mode="before")
    @classmethod
    def _one_or_several(cls, value: object) -> object:
        return [value] if isinstance(value, str) else value

    @model_validator(mode="after")
    def _says_what_is_backed_up(self) -> Self:
        if self.enabled and not self.type:
            raise ValueError("expected type to name what is backed up, since enabled is true, got none")
        return self

    @model_validator(mode="after")
    def _volumes_are_named(self) -> Self:
        if self.enabled and "volume" in self.type and not self.volumes:
            raise ValueError("expected volumes to name at least one volume, since type has volume, got none")
        return self


class PostRestore(_Model):
    """What puts restored data right."""

    functions: list[Annotated[str, matching(r"[a-z0-9][a-z0-9._-]*", "the name of a hook")]] = []
    """Hooks of the service's ``scripts`` folder, in the order in which they are run."""


class Fixes(_Model):
    """What puts the service right after something that releases do to it."""

    post_restore: PostRestore = PostRestore()


class Manifest(_Model):
    """One service of the ops repo."""

    name: Annotated[str, matching(r"[a-z0-9][a-z0-9._-]{0,63}", "a service name")]
    display_name: str = ""
    priority: int = 50
    depends_on: list[str] = []
    stateful: bool = False
    image: Image | None = None
    containers: list[Container] = []
    health: Health = Health()
    backup: Backup = Backup()
    fixes: Fixes = Fixes()


class InvalidManifest(Exception):
    """A manifest is wrong; ``problems`` has one ``file:line: key: …`` for each fault."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def parse_manifest(text: str, file: str, folder: str) -> tuple[Manifest, list[str]]:
    """Read a manifest; give it and its warnings (unknown keys).

    Args:
        text: the file's content.
        file: how messages name the file.
        folder: the name of its folder, which the service's name must equal.

    Raises:
        InvalidManifest: with every fault that was found.
    """
    try:
        document = strict_yaml.parse(text)
    except strict_yaml.YamlProblem as problem:
        raise InvalidManifest([problem.in_file(file)]) from None
    try:
        manifest = Manifest.model_validate(document.data)
    except ValidationError as error:
        raise InvalidManifest(list(strict_yaml.problems(error, document, file))) from None
    if manifest.name != folder:
        line = document.line(("name",))
        raise InvalidManifest([f"{file}:{line}: name: expected {folder!r} (its folder's name), got {manifest.name!r}"])
    unknown = _unknown(manifest, ())
    return manifest, [strict_yaml.located(file, document.line(path), path, "unknown key") for path in unknown]


def _unknown(value: object, path: strict_yaml.Path) -> Iterator[strict_yaml.Path]:
    """Find the keys that no model knows, also in the items of lists."""
    match value:
        case BaseModel():
            yield from ((*path, key) for key in value.model_extra or {})
            for name in type(value).model_fields:
                yield from _unknown(getattr(value, name), (*path, name))
        case list():
            for index, item in enumerate(value):
                yield from _unknown(item, (*path, index))
