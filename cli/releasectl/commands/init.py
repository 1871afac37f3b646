"""``releasectl init``."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from releasectl.arguments.global_flags import command as declare
from releasectl.errors import Next
from releasectl.new_repo import make
from releasectl.settings import Settings
from releasectl.text.terminal import width
from releasectl.views.machine import emit
from releasectl.views.reporting import next_documents, next_lines

CONFIG = "/etc/released.yaml"


@declare("init")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.pass_obj
def command(settings: Settings, *, folder: Path) -> None:
    """Make an ops repo in DIR, which must be empty or not there yet, and commit it.

    It describes one small service, hello, that can be released at once: what it prints at the end is the way there.
    """
    root = folder.resolve()
    commit = make(root)
    if settings.is_text:
        _show(root, commit, settings)
    else:
        emit({"folder": str(root), "commit": commit, "next": next_documents(_way_to_a_release(root), settings)})


def _show(root: Path, commit: str, settings: Settings) -> None:
    click.echo(f"Made an ops repo in {root}, with the first commit {commit}.")
    if not settings.quiet:
        click.echo("\n".join(next_lines(_way_to_a_release(root), settings, width(sys.stderr.isatty()))), err=True)


def _way_to_a_release(root: Path) -> tuple[Next, ...]:
    git = ("git", "-C", str(root))
    return (
        Next(
            (*git, "remote", "add", "origin", "URL"),
            "names its remote, a bare repository that is empty (git init --bare --initial-branch main)",
            "changes",
        ),
        Next((*git, "push", "--set-upstream", "origin", "main"), "brings the first commit there", "changes"),
        Next(
            ("cp", "--interactive", f"{root}/released.yaml.example", CONFIG),
            "configures the daemon: read it",
            "changes",
        ),
        Next(("released", "serve", "--config", CONFIG), "starts the daemon, which starts hello with its first release"),
        Next(
            ("releasectl", "run", "1"), f"releases what was pushed for ticket 1, as {root}/README.md shows", "changes"
        ),
    )
