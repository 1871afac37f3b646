"""``releasectl report``."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

import click

from releasectl.arguments.global_flags import command as declare
from releasectl.arguments.parameters import TICKET
from releasectl.arguments.parameters import since as since_moment
from releasectl.calls.connection import Connection, connect
from releasectl.calls.dossier import gather, gather_period
from releasectl.errors import ClientError, usage
from releasectl.exit_codes import ExitCode
from releasectl.settings import Settings

if TYPE_CHECKING:
    from releasectl.views.report.dossier import Dossier
    from releasectl.views.report.period import Period


@declare("report")
@click.argument("ticket", type=TICKET, required=False)
@click.option("--environment", "whole", is_flag=True, help="All runs of the environment instead of a ticket's.")
@click.option("--since", "begin", type=since_moment, metavar="TIME", help="With it: since then  [30 days ago].")
@click.option("--html", type=click.Path(path_type=Path), metavar="FILE", help="Write one page for a browser to FILE.")
@click.option("--markdown", is_flag=True, help="Print Markdown; of a ticket the draft of a post-mortem.")
@click.pass_obj
def command(
    settings: Settings,
    *,
    ticket: str | None,
    whole: bool,
    begin: dt.datetime | None,
    html: Path | None,
    markdown: bool,
) -> None:
    """Put all that is known of a ticket's latest run into one page, or into the draft of a post-mortem.

    The page needs no network and no script: it can be mailed, kept, and printed. Secrets are masked as everywhere.
    """
    if (html is None) != markdown:
        raise usage("Say which one is wanted: --html FILE or --markdown.")
    if (ticket is None) != whole:
        raise usage("Name a ticket, or ask for --environment.")
    if begin and not whole:
        raise usage("--since goes with --environment: of a ticket its latest run is told.")
    with connect(settings) as connection:
        told = _period(connection, begin) if ticket is None else _dossier(connection, ticket)
    _show(told, html, settings)


def _dossier(connection: Connection, ticket: str) -> Dossier:
    from releasectl.views.report.dossier import dossier  # noqa: PLC0415 (only here)

    return dossier(gather(connection, ticket))


def _period(connection: Connection, begin: dt.datetime | None) -> Period:
    until = dt.datetime.now(dt.UTC)
    return gather_period(connection, begin or until - dt.timedelta(days=30), until)


def _show(told: Dossier | Period, html: Path | None, settings: Settings) -> None:
    from releasectl.views.report import render  # noqa: PLC0415 (templates take long to import)

    if html is None:
        click.echo(render.draft(told), nl=False)
        return
    try:
        html.write_text(render.page(told), encoding="utf-8")
    except OSError as error:
        raise ClientError(ExitCode.FAILED, "file_not_written", f"{html} was not written: {error.strerror}.") from None
    settings.say(f"Written to {html}.")
