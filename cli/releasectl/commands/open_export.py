"""``releasectl open``."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import copyfile
from tempfile import TemporaryDirectory

import click

from releasectl.arguments.global_flags import command as declare
from releasectl.calls.exported import served
from releasectl.calls.signature import signature_of, signer
from releasectl.calls.target import ADDRESS
from releasectl.errors import ClientError
from releasectl.exit_codes import ExitCode
from releasectl.settings import Settings

_FLAGS = {"ignore_unknown_options": True, "allow_interspersed_args": False}


@declare("open")
@click.argument("file", type=click.Path(path_type=Path))
@click.argument("command_line", metavar="[COMMAND]...", nargs=-1, type=click.UNPROCESSED)
@click.option(
    "--signers",
    type=click.Path(path_type=Path),
    metavar="ALLOWED",
    help="Open it only where one of these signed it: FILE.sig against a file of allowed signers (ssh-keygen(1)).",
)
@click.pass_obj
def command(settings: Settings, *, file: Path, signers: Path | None, command_line: tuple[str, ...]) -> int:
    """Ask an export instead of a daemon: any COMMAND that only looks, with all its options  [status].

    What is told comes from the file alone. Where it was changed since it was written, it is not opened.
    """
    with _trusted(file, signers, settings) as believed, served(believed) as address:
        program = [sys.executable, "-m", "releasectl.main", *_form(settings), *(command_line or ("status",))]
        return subprocess.run(program, env={**os.environ, ADDRESS: address}, check=False).returncode


@contextmanager
def _trusted(file: Path, signers: Path | None, settings: Settings) -> Iterator[Path]:
    """Give the file, or a copy of ours that its signature was held against: nobody changes that any more."""
    if signers is None:
        yield file
        return
    with TemporaryDirectory(prefix="releasectl-signed-") as room:
        copy = Path(room) / file.name
        try:
            copyfile(file, copy)
        except OSError as error:
            message = f"{file} cannot be opened: {error.strerror}."
            raise ClientError(ExitCode.FAILED, "export_not_opened", message) from None
        settings.say(f"Signed by {signer(copy, signers, signature_of(file))}.")
        yield copy


def _form(settings: Settings) -> list[str]:
    """Hand on the form of output that was typed in front of the file."""
    return [] if settings.is_text else ["--output", settings.output]


command.context_settings = {**command.context_settings, **_FLAGS}  # those of the others stay as they are
