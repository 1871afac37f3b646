"""The global flags, which may stand before or after the subcommand."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any, TypeVar

import click

from releasectl.arguments.parameters import OneOf, duration
from releasectl.settings import of

FunctionT = TypeVar("FunctionT", bound=Callable[..., Any])

CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


def _remember(context: click.Context, parameter: click.Parameter, value: object) -> object:
    if value not in (None, False) and parameter.name:
        setattr(of(context), parameter.name, value)
    return value


def global_flags(*, hidden: bool, output: bool = True) -> Callable[[FunctionT], FunctionT]:
    """Add the global flags to a command; subcommands take them, but only the group's help lists them.

    Args:
        hidden: whether help leaves them out.
        output: whether ``-o`` is among them; a command may mean a file by it.
    """

    def option(*names: str, **attributes: Any) -> Callable[[FunctionT], FunctionT]:  # noqa: ANN401 (handed to click)
        return click.option(
            *names, expose_value=False, callback=_remember, is_eager=True, hidden=hidden, default=None, **attributes
        )

    flags = [
        option("--address", metavar="ADDRESS", help="Where the daemon listens, for instance unix:///run/x.sock."),
        option("--profile", metavar="NAME", help="Profile of ~/.config/releasectl/config.toml  [default: default]."),
        option("-e", "--env", "environment", metavar="NAME", help="Environment, where the daemon serves several."),
        *(
            [option("-o", "--output", type=OneOf("format", ("text", "json", "jsonl")), help="Form of the output.")]
            if output
            else []
        ),
        option("--no-color", is_flag=True, help="No colour; the variable NO_COLOR says the same."),
        option("-q", "--quiet", is_flag=True, help="Only the end."),
        option("-v", "--verbose", is_flag=True, help="Also details, and the output of steps."),
        option(
            "--timeout",
            "timeout_s",
            type=duration,
            metavar="DURATION",
            help="How long to wait for an answer.",
        ),
        option("--yes", is_flag=True, help="Ask nothing."),
    ]

    def decorate(function: FunctionT) -> FunctionT:
        for flag in reversed(flags):
            function = flag(function)
        return function

    return decorate


def command(name: str, *, output: bool = True) -> Callable[[Callable[..., Any]], click.Command]:
    """Declare a subcommand that also takes the global flags."""

    def decorate(function: Callable[..., Any]) -> click.Command:
        declare = click.command(name, context_settings=CONTEXT, epilog="Global flags: see releasectl --help.")
        return declare(global_flags(hidden=True, output=output)(function))

    return decorate


def wanted_output(arguments: list[str]) -> str:
    """Tell the form of the output from raw arguments, for errors that arise before they are understood."""
    for flag, value in pairwise([*arguments, ""]):
        for form in ("json", "jsonl"):
            if (flag in ("-o", "--output") and value == form) or flag in (f"-o{form}", f"--output={form}"):
                return form
    return "text"
