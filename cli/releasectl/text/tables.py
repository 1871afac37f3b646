"""Tables for people: aligned, without lines, cut to the terminal and never cut in a pipe."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable, Sequence

import click
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from releasectl.settings import Settings
from releasectl.text.sanitize import one_line
from releasectl.text.symbols import style, symbol
from releasectl.text.terminal import width
from releasectl.text.times import moment
from releasepb.v1 import releases_pb2 as pb

SHORT_SHA = 10


def console(settings: Settings) -> Console:
    """Give the console for data: as wide as the terminal, or as wide as it needs to be."""
    return Console(
        file=sys.stdout,
        width=width(sys.stdout.isatty()),
        no_color=not settings.color,
        highlight=False,
        markup=False,
        emoji=False,
        soft_wrap=False,
    )


def show(what: RenderableType, settings: Settings) -> None:
    """Print to stdout, without the blanks that fill up a last column."""
    out = console(settings)
    with out.capture() as captured:
        out.print(what)
    for line in captured.get().splitlines():
        click.echo(line.rstrip())


def print_releases(releases: Iterable[pb.ReleaseSummary], settings: Settings) -> None:
    """Print a line per release."""
    table = console_table("TICKET", "RUN", "STATE", "PHASE", "STARTED (UTC)", "BY", "SERVICES")
    for release in releases:
        table.add_row(
            one_line(release.ticket),
            str(release.run),
            _state(release),
            one_line(release.phase),
            _minute(release),
            one_line(release.started_by),
            ", ".join(one_line(name) for name in release.services) or "-",
        )
    show(table, settings)


def print_services(services: Sequence[pb.ServiceStatus], settings: Settings) -> None:
    """Print a line per container, the service's name at the first of them."""
    show(services_table(services), settings)


def services_table(services: Sequence[pb.ServiceStatus]) -> Table:
    """Lay out services, what they should run and what they do run."""
    table = console_table("SERVICE", "CONTAINER", "STATE", "IMAGE")
    for service in services:
        name = one_line(service.name)
        if not service.containers:
            table.add_row(name, "-", Text("-"), one_line(service.image))
        for container in service.containers:
            table.add_row(name, one_line(container.name), _container_state(container), _image(service, container))
            name = ""
    return table


def word(status: str) -> Text:
    """Write a status with its symbol."""
    shown = one_line(status)
    return Text(f"{symbol(shown)} {shown.replace('_', ' ')}", style=style(shown))


def short(sha: str) -> str:
    """Shorten a commit for people."""
    return one_line(sha)[:SHORT_SHA] or "-"


def _state(release: pb.ReleaseSummary) -> Text:
    """Show the state, and in red how often somebody decided against the usual way."""
    state = word(release.state)
    if release.back_with:
        state.append(f", back with {one_line(release.back_with)}", style="yellow")
    return state.append(f" !{release.overrides}", style="bold red") if release.overrides else state


def _container_state(container: pb.ContainerStatus) -> Text:
    if container.health in ("", "none") or container.state != "running":
        return word(container.state)
    return word(container.health)


def _image(service: pb.ServiceStatus, container: pb.ContainerStatus) -> Text:
    """Show what runs, and what the manifest asks for where that is something else."""
    runs, wanted = one_line(container.image), one_line(service.image)
    if not runs or runs == wanted or not wanted:
        return Text(runs or wanted)
    return Text(f"{runs} (manifest: {wanted})", style="yellow")


def _minute(release: pb.ReleaseSummary) -> str:
    return f"{moment(release.started_at):%Y-%m-%d %H:%M}" if release.HasField("started_at") else "-"


def console_table(*titles: str, wrapped: Collection[str] = ("IMAGE",)) -> Table:
    """Begin a table without lines around it; what is in the ``wrapped`` columns is never cut."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for title in titles:
        flexible = title in wrapped
        table.add_column(title, overflow="fold" if flexible else "ellipsis", no_wrap=not flexible)
    return table
