"""What a playbook has one do, as people and programs read it."""

from __future__ import annotations

from collections.abc import Iterable

import click

from releasectl.errors import Next
from releasectl.settings import Settings
from releasectl.text.sanitize import one_line
from releasectl.text.terminal import width
from releasectl.views.machine import emit
from releasectl.views.reporting import next_lines
from releasepb.v1 import releases_pb2 as pb

_TITLES = {"fix": "run", "person": "by hand", "verify": "proof", "afterwards": "then"}


def print_fix(lines: Iterable[pb.FixLine], settings: Settings) -> None:
    """Print what is going to be done, to people."""
    if settings.is_text:
        for line in lines:
            click.echo(f"{_TITLES[line.kind]:>8}  {one_line(line.text)}", err=True)


def show_afterwards(asked: pb.PlanFixRequest, plan: pb.FixPlan, settings: Settings, *, halted: bool) -> None:
    """Say that all of it is done, and what may be typed now."""
    typed = [one_line(line.text) for line in plan.lines if line.kind == "afterwards"]
    if not settings.is_text:
        emit({"playbook": asked.id, "ticket": asked.ticket, "done": True, "afterwards": typed})
        return
    click.echo(f"Playbook {asked.id} is applied to ticket {asked.ticket}, and what it proves is proven.")
    if halted:
        argv = ("releasectl", "resume", asked.ticket, "--playbook", asked.id)
        resume = Next(argv, "goes on with the release, and puts the cause on the record", "changes")
        click.echo("\n".join(next_lines([resume], settings, width(terminal=False))))
    for line in typed:
        click.echo(f"  the playbook says: {line}")
