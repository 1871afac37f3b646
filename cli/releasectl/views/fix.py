"""What a playbook has one do, as people and programs read it."""

from __future__ import annotations

from collections.abc import Iterable

import click

from releasectl.errors import Next
from releasectl.settings import Settings
from releasectl.text.sanitize import one_line
from releasectl.text.terminal import width
from releasectl.views import hook
from releasectl.views.hook import HookView
from releasectl.views.machine import Document, emit
from releasectl.views.reporting import next_lines
from releasepb.v1 import releases_pb2 as pb

_TITLES = {"fix": "run", "person": "by hand", "verify": "proof", "afterwards": "then"}


def print_fix(lines: Iterable[pb.FixLine], settings: Settings) -> None:
    """Print what is going to be done, to people."""
    if settings.is_text:
        for line in lines:
            click.echo(f"{_TITLES[line.kind]:>8}  {one_line(line.text)}", err=True)


class Report:
    """Tells what came of the commands: each as it ends, or all of them in the one document that was asked for."""

    def __init__(self, asked: pb.PlanFixRequest, plan: pb.FixPlan, settings: Settings) -> None:
        self._asked = asked
        self._settings = settings
        self._afterwards = [one_line(line.text) for line in plan.lines if line.kind == "afterwards"]
        self._commands: list[Document] = []

    def view(self, line: pb.FixLine, request_id: str) -> HookView:
        """Show one command."""
        self._settings.say(f"$ {one_line(line.text)}")
        names = {"kind": line.kind, "command": one_line(line.text), "request_id": request_id}
        return hook.choose(self._settings, names, self._commands.append)

    def end(self, *, done: bool, halted: bool = False) -> None:
        """Tell whether all of it is done, and what may be typed now."""
        if self._settings.is_text:
            if done:
                self._say_what_comes_then(halted=halted)
            return
        told = {"playbook": self._asked.id, "ticket": self._asked.ticket, "done": done, "afterwards": self._afterwards}
        emit({**told, "commands": self._commands} if self._settings.output == "json" else told)

    def _say_what_comes_then(self, *, halted: bool) -> None:
        click.echo(f"Playbook {self._asked.id} is applied to ticket {self._asked.ticket}, and what proves it passed.")
        if halted:
            argv = ("releasectl", "resume", self._asked.ticket, "--playbook", self._asked.id)
            resume = Next(argv, "goes on with the release, and puts the cause on the record", "changes")
            click.echo("\n".join(next_lines([resume], self._settings, width(terminal=False))))
        for line in self._afterwards:
            click.echo(f"  the playbook says: {line}")
