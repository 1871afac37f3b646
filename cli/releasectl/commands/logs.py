"""``releasectl logs``."""

from __future__ import annotations

import click

from releasectl.arguments.global_flags import command as declare
from releasectl.arguments.parameters import PHASE, TICKET
from releasectl.calls.connection import connect
from releasectl.calls.output_stream import OutputRequest, read_output
from releasectl.settings import Settings
from releasectl.views.output import choose


@declare("logs")
@click.argument("ticket", type=TICKET)
@click.option("--phase", type=PHASE, metavar="PHASE", help="Only steps of this phase.")
@click.option("--step", metavar="STEP", default="", help="Only this step.")
@click.option("-f", "--follow", is_flag=True, help="Also what is printed from now on, until the release rests.")
@click.pass_obj
def command(settings: Settings, *, ticket: str, phase: str | None, step: str, follow: bool) -> None:
    """Show what the tools, scripts and containers of a release printed; control sequences are taken out."""
    view = choose(settings, ticket, titled=not step)
    with connect(settings) as connection:
        read_output(connection, OutputRequest(ticket, phase or "", step, follow), view, settings)
    view.close()
