"""``releasectl open``."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import click

from releasectl.arguments.global_flags import command as declare
from releasectl.calls.exported import served
from releasectl.calls.target import ADDRESS
from releasectl.settings import Settings

_FLAGS = {"ignore_unknown_options": True, "allow_interspersed_args": False}


@declare("open")
@click.argument("file", type=click.Path(path_type=Path))
@click.argument("command_line", metavar="[COMMAND]...", nargs=-1, type=click.UNPROCESSED)
@click.pass_obj
def command(settings: Settings, *, file: Path, command_line: tuple[str, ...]) -> int:
    """Ask an export instead of a daemon: any COMMAND that only looks, with all its options  [status].

    What is told comes from the file alone. Where it was changed since it was written, it is not opened.
    """
    with served(file) as address:
        program = [sys.executable, "-m", "releasectl.main", *_form(settings), *(command_line or ("status",))]
        return subprocess.run(program, env={**os.environ, ADDRESS: address}, check=False).returncode


def _form(settings: Settings) -> list[str]:
    """Hand on the form of output that was typed in front of the file."""
    return [] if settings.is_text else ["--output", settings.output]


command.context_settings = {**command.context_settings, **_FLAGS}  # those of the others stay as they are
