"""The past, for people: runs, where things come from, causes, and differences."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import click
from rich.console import Group
from rich.text import Text

from releasectl.settings import Settings
from releasectl.text.durations import format_duration
from releasectl.text.sanitize import one_line
from releasectl.text.tables import console_table, short, show, word
from releasectl.text.times import minute_stamp, moment, seconds_stamp
from releasectl.views.status import Fact, facts_table
from releasepb.v1 import history_pb2 as pb

_SHORT_ID = 12
_DIGEST_LABEL = "sha256:"


def print_runs(runs: Iterable[pb.PastRun], settings: Settings) -> None:
    """Print a line per run, and below it each halt and each slow step."""
    table = console_table("TICKET", "RUN", "STATE", "STARTED (UTC)", "TOOK", "BY", "SERVICES", wrapped=("SERVICES",))
    for run in runs:
        services = ", ".join(one_line(name) for name in run.services) or "-"
        started = minute_stamp(run.started_at)
        table.add_row(
            one_line(run.ticket), str(run.run), word(run.state), started, _took(run), one_line(run.by), services
        )
        for remark in _remarks(run):
            table.add_row("", "", "", "", "", "", remark)
    show(table, settings)


def _took(run: pb.PastRun) -> str:
    if not run.HasField("ended_at"):
        return "-"
    return format_duration((moment(run.ended_at) - moment(run.started_at)).total_seconds())


def _remarks(run: pb.PastRun) -> Iterator[Text]:
    for halt in run.halts:
        where = one_line(halt.step) or one_line(halt.phase)
        yield Text(f"halted at event {halt.version}: {one_line(halt.code)} in {where}", style="yellow")
    for step in run.slow_steps:
        usual = f"usually {format_duration(step.median_s)}, 95 of 100 within {format_duration(step.p95_s)}"
        yield Text(f"slow: {one_line(step.step)} took {format_duration(step.took_s)} ({usual})", style="dim")


def print_blame(container: pb.PlacedContainer, settings: Settings) -> None:
    """Print where a container comes from."""
    headline = Text.assemble((one_line(container.name), "bold"), f"  {one_line(container.id)}")
    show(Group(headline, facts_table(_origin(container))), settings)


def _origin(container: pb.PlacedContainer) -> Iterator[Fact]:
    image_id = one_line(container.image_id).removeprefix(_DIGEST_LABEL)[:_SHORT_ID]
    yield "image", " ".join(filter(None, (one_line(container.image), image_id))) or "not on record"
    if container.digest:
        yield "digest", one_line(container.digest)
    where = f"event {container.version}, {seconds_stamp(container.at)}"
    yield "put there", f"by ticket {one_line(container.ticket)}, run {container.run} ({where})"
    yield "commit", short(container.commit)
    decision = container.decision
    who = f"{one_line(decision.by)} (uid {decision.uid}), {seconds_stamp(decision.at)}"
    yield "decided", f"{who}: {one_line(decision.what)}"
    if decision.reason:
        yield "reason", one_line(decision.reason)
    for script in container.scripts:
        yield "script", f"{one_line(script.path)}  {short(script.blob)}"


def print_links(links: Iterable[pb.CauseLink], settings: Settings) -> None:
    """Print a line per cause, the event that tells it in front."""
    table = console_table("EVENT", "CAUSE", "", wrapped=("",))
    for link in links:
        table.add_row(str(link.version), one_line(link.kind), one_line(link.text))
    show(table, settings)


def print_differences(left: str, right: str, differences: Iterable[pb.Difference], settings: Settings) -> None:
    """Print what each side has, section by section."""
    section = ""
    for difference in differences:
        if difference.section != section:
            section = difference.section
            click.echo(click.style(section, bold=True) if settings.color else section)
        click.echo(f"  {one_line(difference.subject)}")
        for ticket, value in ((left, difference.left), (right, difference.right)):
            click.echo(f"    {ticket}: {one_line(value) or '-'}")
