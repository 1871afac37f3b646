"""``releasectl watch``."""

from __future__ import annotations

import click

from releasectl.arguments.global_flags import command as declare
from releasectl.arguments.parameters import EVENT, TICKET
from releasectl.calls.connection import connect
from releasectl.calls.follow import Journey, follow
from releasectl.settings import Settings
from releasectl.views.choice import choose


@declare("watch")
@click.argument("ticket", type=TICKET)
@click.option("--since", type=EVENT, metavar="EVENT", default=0, help="Begin with this event of the ticket.")
@click.pass_obj
def command(settings: Settings, *, ticket: str, since: int) -> int:
    """Follow a release: what was recorded, then what happens, until it rests.

    A release that rests already is shown at once. Exits by the release's outcome; ctrl-C detaches.
    """
    with connect(settings) as connection, choose(settings, ticket) as view:
        return follow(connection, Journey(ticket, max(since - 1, 0)), view).exit_code
