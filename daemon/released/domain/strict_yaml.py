"""YAML as configuration deserves it: duplicate keys, aliases and surprises are errors with their line.

PyYAML alone silently takes the last of two equal keys, reads ``no`` as false, ``1.10`` as 1.1 and ``0755`` as 493, and
expands alias bombs. Here only ``true`` and ``false`` are booleans, only plain decimal numbers are numbers, and aliases
and tags are refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

MAX_BYTES = 1 << 20
MAX_DEPTH = 32

Path = tuple[str | int, ...]


class YamlProblem(Exception):
    """The text cannot be read; ``line`` counts from 1."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line
        self.message = message


class Document:
    """A YAML text as plain data, with the line of every key."""

    def __init__(self, data: Any, lines: dict[Path, int]) -> None:  # noqa: ANN401 (plain data is any JSON value)
        self.data = data
        self._lines = lines

    def line(self, path: Path) -> int:
        """Give the line of a path, or of its nearest ancestor that stands in the text."""
        while path and path not in self._lines:
            path = path[:-1]
        return self._lines.get(path, 1)


def parse(text: str) -> Document:
    """Read one document.

    Raises:
        YamlProblem: it is no YAML, or uses what is refused here.
    """
    if len(text.encode()) > MAX_BYTES:
        raise YamlProblem(1, f"expected at most {MAX_BYTES} bytes, got {len(text.encode())}")
    try:
        node = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise YamlProblem(mark.line + 1 if mark else 1, f"expected YAML, got: {error.problem}") from None
    except yaml.YAMLError as error:
        raise YamlProblem(1, f"expected YAML, got: {error}") from None
    lines: dict[Path, int] = {}
    return Document(_plain(node, (), lines) if node else None, lines)


class _Loader(yaml.SafeLoader):
    """Resolves only null, true, false and plain decimal numbers."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 (as PyYAML declares it)

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise YamlProblem(mark.line + 1, "aliases (*name) are not accepted here")
        return super().compose_node(parent, index)


for _tag, _pattern, _first in (
    ("tag:yaml.org,2002:bool", r"true|false", "tf"),
    ("tag:yaml.org,2002:null", r"~|null|", ["~", "n", ""]),
    ("tag:yaml.org,2002:int", r"-?(?:0|[1-9][0-9]*)", "-0123456789"),
    ("tag:yaml.org,2002:float", r"-?(?:0|[1-9][0-9]*)\.[0-9]+", "-0123456789"),
):
    _Loader.add_implicit_resolver(_tag, re.compile(rf"^(?:{_pattern})$"), list(_first))


def _plain(node: yaml.Node, path: Path, lines: dict[Path, int]) -> Any:  # noqa: ANN401 (plain data is any JSON value)
    line = node.start_mark.line + 1
    lines.setdefault(path, line)
    if len(path) > MAX_DEPTH:
        raise YamlProblem(line, f"expected at most {MAX_DEPTH} levels of nesting")
    match node:
        case yaml.MappingNode():
            return _mapping(node, path, lines)
        case yaml.SequenceNode():
            return [_plain(item, (*path, index), lines) for index, item in enumerate(node.value)]
        case yaml.ScalarNode():
            return _scalar(node, line)
        case _:
            raise YamlProblem(line, "expected a mapping, a list or a value")


def _mapping(node: yaml.MappingNode, path: Path, lines: dict[Path, int]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key_node, value_node in node.value:
        key, line = str(key_node.value), key_node.start_mark.line + 1
        if key in result:
            raise YamlProblem(line, f"the key {key!r} stands here twice")
        lines[(*path, key)] = line
        result[key] = _plain(value_node, (*path, key), lines)
    return result


def _scalar(node: yaml.ScalarNode, line: int) -> str | int | float | bool | None:
    match node.tag.removeprefix("tag:yaml.org,2002:"):
        case "str":
            return str(node.value)
        case "int":
            return int(node.value)
        case "float":
            return float(node.value)
        case "bool":
            return bool(node.value == "true")
        case "null":
            return None
        case _:
            raise YamlProblem(line, f"the tag {node.tag} is not accepted here")


def problems(error: ValidationError, document: Document, file: str) -> Iterator[str]:
    """Turn a model's complaints into ``file:line: path: expected …, got …``, one line each."""
    for item in error.errors(include_url=False, include_context=False):
        path = tuple(part for part in item["loc"] if not (isinstance(part, str) and part.startswith("function-")))
        where = ".".join(str(part) for part in path) or "(document)"
        yield f"{file}:{document.line(path)}: {where}: {_sentence(item['type'], item['msg'], item.get('input'))}"


def _sentence(kind: str, message: str, given: object) -> str:
    if kind == "missing":
        return "expected a value, got nothing"
    if kind == "extra_forbidden":
        return "unknown key"
    expected = message.removeprefix("Value error, ").removeprefix("Input should be ")
    expected = expected if expected.startswith("expected ") else f"expected {expected}"
    return expected if ", got " in expected else f"{expected}, got {_shown(given)}"


def _shown(given: object) -> str:
    if isinstance(given, BaseModel | dict):
        return "a mapping"
    return "a list" if isinstance(given, list) else repr(given)
