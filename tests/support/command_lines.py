"""Which commands and options the client has, and which of them the sources of tests type."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_DEEPEST = 5
"""How many names of constants stand behind each other at most."""


def commands(group: click.Group) -> dict[tuple[str, ...], click.Command]:
    """List every command below a group by the words that are typed for it, groups among them."""
    context = click.Context(group)
    found: dict[tuple[str, ...], click.Command] = {}
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        found[(name,)] = command
        if isinstance(command, click.Group):
            found |= {(name, *words): one for words, one in commands(command).items()}
    return found


def options(command: click.Command) -> list[tuple[str, ...]]:
    """List the options of a command, each with all its spellings."""
    return [(*option.opts, *option.secondary_opts) for option in command.params if isinstance(option, click.Option)]


def written(source: Path) -> list[tuple[str, ...]]:
    """List the texts that stand beside each other in calls, tuples and lists, constants of the module put in."""
    tree = ast.parse(source.read_text(encoding="utf-8"))
    constants = {
        target.id: node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    groups = (node for node in ast.walk(tree) if isinstance(node, ast.Call | ast.Tuple | ast.List))
    return [tuple(_texts(node, constants, _DEEPEST)) for node in groups]


def _texts(node: ast.expr, constants: Mapping[str, ast.expr], deepest: int) -> Iterator[str]:
    match node:
        case ast.Constant(value=str() as text):
            yield text
        case ast.Name(id=name) if name in constants and deepest:
            yield from _texts(constants[name], constants, deepest - 1)
        case ast.Starred(value=inner):
            yield from _texts(inner, constants, deepest)
        case ast.Tuple(elts=parts) | ast.List(elts=parts) | ast.Call(args=parts):
            for part in parts:
                yield from _texts(part, constants, deepest)
        case _:
            pass
