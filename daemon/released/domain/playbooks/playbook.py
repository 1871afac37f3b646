"""Playbooks: known failure modes as data, each fault of their files told with its line (spec: Playbooks)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Annotated, NamedTuple, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    WithJsonSchema,
    model_validator,
)

from released.domain import strict_yaml
from released.domain.fields import matching
from released.domain.playbooks.detection import pattern_of
from released.domain.playbooks.symptom import symptom_lines

LARGEST_BYTES = 128 * 1024
"""Of a file: what is larger is no playbook, and takes long to read."""
CATCH_ALL = "catch-all"
"""A tag: the playbook knows that something failed, and not why."""

_ID = r"[a-z0-9]+(-[a-z0-9]+)*"
_SERVICE = r"[a-z0-9][a-z0-9._-]{0,63}"
_WORD = r"\S+"


def _symptom(value: str) -> str:
    lines = symptom_lines(value)
    if not lines:
        raise ValueError("expected at least one line that is found in the output of the failure, got none")
    bare = next((line.text for line in lines if not line.letters), None)
    if bare:
        raise ValueError(f"expected a letter or digit beside <…> in each line, got {bare!r}")
    return value


def _expectation(value: str) -> str:
    pattern = pattern_of(value)
    if pattern is not None:
        try:
            re.compile(pattern)
        except (re.error, OverflowError, RecursionError) as error:
            raise ValueError(f"expected a regular expression between the slashes, got {value!r}: {error}") from None
    return value


Text = Annotated[str, matching(r"(?s).*\S.*", "some text"), WithJsonSchema({"type": "string", "pattern": r"\S"})]
Id = Annotated[str, matching(_ID, "an id-in-kebab-case"), WithJsonSchema({"type": "string", "pattern": f"^{_ID}$"})]
Service = Annotated[
    str, matching(_SERVICE, "a service name"), WithJsonSchema({"type": "string", "pattern": f"^{_SERVICE}$"})
]
Tag = Annotated[str, matching(_WORD, "one word"), WithJsonSchema({"type": "string", "pattern": f"^{_WORD}$"})]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Detection(_Model):
    """A command that tells whether the entry applies; it changes nothing."""

    command: Text
    expect: Annotated[Text, AfterValidator(_expectation)]
    """Text, or ``/pattern/``, found in its output when the entry applies."""
    network: bool = False
    """It needs the network; without, it runs where none can be reached."""


class Fix(_Model):
    """What repairs the running environment, and what repairs the cause for good."""

    bootstrap_script: str = ""
    """``file:function`` to be fixed for good."""
    bootstrap_change: str = ""
    adhoc: str = ""
    """Commands that repair the running environment now."""

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not (self.bootstrap_change.strip() or self.adhoc.strip()):
            raise ValueError("expected bootstrap_change or adhoc to say what repairs it, got neither")
        return self


class Playbook(_Model):
    """One known failure mode."""

    id: Id
    symptom: Annotated[Text, AfterValidator(_symptom)]
    detection: list[Detection] = []
    root_cause: Text
    fix: Fix
    verify: list[Text] = []
    services: list[Service] = []
    """Services that it is about; none: any."""
    tags: list[Tag] = []

    @property
    def knows_why(self) -> bool:
        """False where it only knows that something failed."""
        return CATCH_ALL not in self.tags


_FILE = TypeAdapter(Annotated[list[Playbook], Field(min_length=1)])


Origins = Mapping[str, str]
"""The id of an entry to ``file:line`` where it begins."""


class Library(NamedTuple):
    """The entries of some files, and what is wrong with the files that gave none."""

    playbooks: tuple[Playbook, ...]
    origins: Origins
    problems: tuple[str, ...]
    """``file:line: path: expected …, got …`` for each fault of every file."""


def read_playbooks(files: Iterable[tuple[str, bytes]]) -> Library:
    """Read playbook files, each a name for messages and its content.

    A file with a fault gives no entry, the others do. Of two entries with one id the first is kept, the second is a
    fault.
    """
    playbooks: list[Playbook] = []
    origins: dict[str, str] = {}
    problems: list[str] = []
    for file, content in files:
        try:
            entries = _entries(file, content)
        except _InvalidFile as invalid:
            problems += invalid.problems
            continue
        for line, playbook in entries:
            if playbook.id in origins:
                taken = f"expected an id of its own, got {playbook.id!r}, which {origins[playbook.id]} has"
                problems.append(strict_yaml.located(file, line, ("id",), taken))
                continue
            origins[playbook.id] = f"{file}:{line}"
            playbooks.append(playbook)
    return Library(tuple(playbooks), origins, tuple(problems))


def json_schema() -> dict[str, object]:
    """Give the schema of a playbook file, for editors."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **_FILE.json_schema()}


class _InvalidFile(Exception):
    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def _entries(file: str, content: bytes) -> list[tuple[int, Playbook]]:
    try:
        document = strict_yaml.parse(_text(content))
    except strict_yaml.YamlProblem as problem:
        raise _InvalidFile([problem.in_file(file)]) from None
    try:
        playbooks = _FILE.validate_python(document.data)
    except ValidationError as error:
        raise _InvalidFile(list(strict_yaml.problems(error, document, file, _known_keys))) from None
    return [(document.line((index, "id")), playbook) for index, playbook in enumerate(playbooks)]


def _text(content: bytes) -> str:
    if len(content) > LARGEST_BYTES:
        raise strict_yaml.YamlProblem(1, f"expected at most {LARGEST_BYTES} bytes, got {len(content)}")
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        message = f"expected UTF-8 text, got the byte 0x{content[error.start]:02x}"
        raise strict_yaml.YamlProblem(line, message) from None


def _known_keys(path: strict_yaml.Path) -> list[str]:
    """List the keys that may stand below a path."""
    match path:
        case (_, "fix"):
            return list(Fix.model_fields)
        case (_, "detection", _):
            return list(Detection.model_fields)
        case _:
            return list(Playbook.model_fields)
