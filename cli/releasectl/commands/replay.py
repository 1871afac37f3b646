"""``releasectl replay``."""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Iterable

import click

from releasectl.arguments.global_flags import command as declare
from releasectl.arguments.parameters import TICKET, duration, moment
from releasectl.calls.connection import connect
from releasectl.calls.moments import moment_of
from releasectl.calls.replaying import replayed
from releasectl.errors import usage
from releasectl.settings import Settings, is_terminal
from releasectl.views.machine import emit, event_document
from releasectl.views.plain import PlainView
from releasectl.views.playback import Pace
from releasepb.v1 import history_pb2 as pb


@declare("replay")
@click.argument("ticket", type=TICKET)
@click.option("--run", type=click.IntRange(min=1), metavar="N", help="This run of it  [the latest].")
@click.option("--until", type=moment, metavar="TIME|EVENT", help="Up to this time (RFC 3339, 2h ago) or event.")
@click.option(
    "--speed",
    type=click.FloatRange(min=0, min_open=True),
    metavar="FACTOR",
    default=1.0,
    help="So many times as fast  [1].",
)
@click.option(
    "--idle", type=duration, metavar="DURATION", default="2s", help="Wait at most so long for anything  [2s]."
)
@click.option("--step", "by_step", is_flag=True, help="Stand still after each event until a key is pressed.")
@click.pass_obj
def command(
    settings: Settings,
    *,
    ticket: str,
    run: int | None,
    until: dt.datetime | int | None,
    speed: float,
    idle: float,
    by_step: bool,
) -> None:
    """Show a past run again as it was seen, with what its steps printed.

    On a terminal its time passes as it did then: space stops it and lets it go on, n shows the next event, + and -
    change its speed, q ends. Elsewhere all of it is printed at once; output only with -v.
    """
    in_time = settings.is_text and not settings.quiet and sys.stdout.isatty() and is_terminal()
    if by_step and not in_time:
        raise usage("Only on a terminal can a run be shown step by step: there is no key to press here.")
    with connect(settings) as connection:
        request = pb.ReplayRequest(
            environment=connection.environment,
            ticket=ticket,
            run=run or 0,
            until=moment_of(until),
            with_output=in_time or (settings.is_text and settings.verbose),
        )
        items = replayed(connection, request)
        if in_time:
            _play(settings, ticket, items, Pace(speed, idle, by_step))
        else:
            _print(settings, ticket, items)


def _play(settings: Settings, ticket: str, items: Iterable[pb.ReplayItem], pace: Pace) -> None:
    from releasectl.text.keyboard import Keyboard  # noqa: PLC0415 (only a terminal has one)
    from releasectl.views.live import LiveView  # noqa: PLC0415 (rich takes longer to import than a plain run to show)
    from releasectl.views.playback import Playback, RecordedClock  # noqa: PLC0415

    clock = RecordedClock()
    with LiveView(settings, ticket, clock) as view, Keyboard() as keys:
        Playback(view, keys, clock, pace).play(items)
        view.notice("")


def _print(settings: Settings, ticket: str, items: Iterable[pb.ReplayItem]) -> None:
    if settings.output == "json":
        events = [event_document(item.event) for item in items]
        emit({"ticket": ticket, "events": events})
        return
    view = PlainView(settings)
    for item in items:
        if settings.output == "jsonl":
            emit(event_document(item.event))
        elif item.HasField("output"):
            view.output(item.output, item.output.untrusted_data)
        else:
            view.event(item.event)
