"""YAML as configuration deserves it: duplicate keys, aliases and surprises are errors with their line.

PyYAML alone silently takes the last of two equal keys, reads ``no`` as false, ``1.10`` as 1.1 and ``0755`` as 493, and
expands alias bombs. Here only ``true`` and ``false`` are booleans, only plain decimal numbers are numbers, and aliases
and tags are refused.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Collection, Iterator
from typing import Any, NamedTuple

import yaml
from pydantic import BaseModel, ValidationError

MAX_CHARACTERS = 1 << 20
MAX_DEPTH = 32
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
LONGEST_SHOWN = 80

Path = tuple[str | int, ...]


class YamlProblem(Exception):
    """The text cannot be read; ``line`` counts from 1."""

    def __init__(self, line: int, message: str, path: Path = ()) -> None:
        super().__init__(message)
        self.line = line
        self.message = message
        self.path = path

    def in_file(self, file: str) -> str:
        """Give the problem as ``file:line: path: expected …, got …``."""
        return located(file, self.line, self.path, self.message)


def located(file: str, line: int, path: Path, message: str) -> str:
    """Give a problem as ``file:line: path: message``."""
    return f"{file}:{line}: {'.'.join(map(str, path)) or '(document)'}: {message}"


class Document:
    """A YAML text as plain data, with the line of every key and the numbers and words as they were typed."""

    def __init__(self, data: Any, lines: dict[Path, int], typed: dict[Path, str]) -> None:  # noqa: ANN401 (plain data is any JSON value)
        self.data = data
        self._lines = lines
        self._typed = typed

    def line(self, path: Path) -> int:
        """Give the line of a path, or of its nearest ancestor that stands in the text."""
        while path and path not in self._lines:
            path = path[:-1]
        return self._lines.get(path, 1)

    def typed(self, path: Path) -> str | None:
        """Give a number, a boolean or null as it was typed: 1.10 is not 1.1 when it was meant as a version."""
        return self._typed.get(path)


def parse(text: str) -> Document:
    """Read one document.

    Raises:
        YamlProblem: it is no YAML, or uses what is refused here.
    """
    if len(text) > MAX_CHARACTERS:
        raise YamlProblem(1, f"expected at most {MAX_CHARACTERS} characters, got {len(text)}")
    try:
        node = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise YamlProblem(mark.line + 1 if mark else 1, f"expected YAML, got an error: {error.problem}") from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise YamlProblem(line, f"expected printable text, got the character U+{error.character:04X}") from None
    reading = _Reading({}, {})
    return Document(reading.plain(node, ()) if node else None, reading.lines, reading.typed)


class _Loader(yaml.SafeLoader):
    """Resolves only null, true, false and plain decimal numbers."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 (as PyYAML declares it)

    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        line = event.start_mark.line + 1
        if isinstance(event, yaml.AliasEvent):
            raise YamlProblem(line, f"expected no aliases, got *{event.anchor}")
        if event.tag is not None:
            raise YamlProblem(line, f"expected no tags, got {event.tag.replace('tag:yaml.org,2002:', '!!')}")
        if self.depth > MAX_DEPTH:
            raise YamlProblem(line, f"expected at most {MAX_DEPTH} levels of nesting, got more")
        self.depth += 1
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node


for _tag, _pattern, _first in (
    ("tag:yaml.org,2002:bool", r"true|false", "tf"),
    ("tag:yaml.org,2002:null", r"~|null|", ["~", "n", ""]),
    ("tag:yaml.org,2002:int", r"-?(?:0|[1-9][0-9]{0,17})", "-0123456789"),
    ("tag:yaml.org,2002:float", r"-?(?:0|[1-9][0-9]{0,17})\.[0-9]{1,17}", "-0123456789"),
):
    _Loader.add_implicit_resolver(_tag, re.compile(rf"^(?:{_pattern})$"), list(_first))


class _Reading(NamedTuple):
    """Turns nodes into plain data, and notes where and how each was typed."""

    lines: dict[Path, int]
    typed: dict[Path, str]

    def plain(self, node: yaml.Node, path: Path) -> Any:  # noqa: ANN401 (plain data is any JSON value)
        self.lines.setdefault(path, node.start_mark.line + 1)
        match node:
            case yaml.MappingNode():
                return self._mapping(node, path)
            case yaml.SequenceNode():
                return [self.plain(item, (*path, index)) for index, item in enumerate(node.value)]
            case _:
                return self._scalar(node, path)

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                raise YamlProblem(line, "expected a key of plain text, got a list or a mapping", path)
            key = _text(key_node, path)
            if key in result:
                raise YamlProblem(line, f"expected each key once, got {key!r} twice", (*path, key))
            self.lines[(*path, key)] = line
            result[key] = self.plain(value_node, (*path, key))
        return result

    def _scalar(self, node: yaml.Node, path: Path) -> str | int | float | bool | None:
        value = _text(node, path)
        kind = node.tag.removeprefix("tag:yaml.org,2002:")
        if kind == "str":
            return value
        self.typed[path] = value
        match kind:
            case "int":
                return int(value)
            case "float":
                return float(value)
            case "bool":
                return value == "true"
            case _:
                return None


def _text(node: yaml.Node, path: Path) -> str:
    """Give the text of a scalar without what only an escape can put there, and neither a tool nor a message takes."""
    value = str(node.value)
    if found := _UNPRINTABLE.search(value):
        raise YamlProblem(
            node.start_mark.line + 1, f"expected printable text, got the character U+{ord(found[0]):04X}", path
        )
    return value


def problems(
    error: ValidationError, document: Document, file: str, known_keys: Callable[[Path], Collection[str]] = lambda _: ()
) -> Iterator[str]:
    """Turn a model's complaints into ``file:line: path: expected …, got …``, one line each.

    Args:
        error: the complaints.
        document: what the model was made from.
        file: how messages name it.
        known_keys: gives the keys that may stand below a path, for models that forbid all others.
    """
    for item in error.errors(include_url=False):
        path: Path = tuple(part for part in item["loc"] if part != "[key]")
        if item["type"] == "extra_forbidden":
            sentence = _unknown_key(str(path[-1]), known_keys(path[:-1]))
        else:
            sentence = _sentence(item["type"], item["msg"], _shown(item["input"], document.typed(path)))
        yield located(file, document.line(path), path, sentence)


def _unknown_key(key: str, known: Collection[str]) -> str:
    near = difflib.get_close_matches(key, known, n=1)
    expected = f"a known key ({near[0]}?)" if near else f"one of {', '.join(sorted(known))}"
    return f"expected {expected}, got {key!r}"


_EXPECTED = {
    "missing": "a value",
    "model_type": "a mapping",
    "dict_type": "a mapping",
    "list_type": "a list",
    "string_type": "text in quotes",
    "bool_type": "true or false",
    "int_type": "a whole number",
    "float_type": "a number",
    "too_short": "at least one",
}


def _sentence(kind: str, message: str, shown: str) -> str:
    said = message.removeprefix("Value error, ").removeprefix("Input should be ").removeprefix("expected ")
    expected = _EXPECTED.get(kind, said)
    got = "nothing" if kind == "missing" else shown
    return f"expected {expected}" if ", got " in expected else f"expected {expected}, got {got}"


def _shown(given: object, typed: str | None) -> str:
    match given:
        case None:
            return "nothing"
        case BaseModel() | dict():
            return "a mapping" if given else "an empty mapping"
        case list():
            return "a list" if given else "an empty list"
        case str():
            return repr(given if len(given) <= LONGEST_SHOWN else f"{given[:LONGEST_SHOWN]}…")
        case _:
            return typed or repr(given)
