"""Playbooks as people read them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import click

from releasectl.settings import Settings
from releasectl.text.sanitize import clean, one_line
from releasectl.text.tables import console_table, show
from releasepb.v1 import releases_pb2 as pb

_LINES = 5
"""Of what a detection command printed, from its end."""


def print_playbooks(playbooks: Iterable[pb.Playbook], settings: Settings) -> None:
    """Print a line per playbook."""
    table = console_table("PLAYBOOK", "MATCHED", "CONFIRMED", "WORKED", "TAGS", "FROM")
    for playbook in playbooks:
        record = playbook.record
        counts = str(record.matched), str(record.confirmed), str(record.worked)
        table.add_row(one_line(playbook.id), *counts, one_line(" ".join(playbook.tags)), one_line(playbook.origin))
    show(table, settings)


def print_playbook(playbook: pb.Playbook, settings: Settings) -> None:
    """Print the whole of a playbook; text of several lines stands indented below its title."""
    color = None if settings.color else False
    click.echo(f"{click.style(one_line(playbook.id), bold=True)}  {one_line(playbook.origin)}", color=color)
    for title, text in _sections(playbook):
        if text.strip():
            click.echo(click.style(title, bold=True), color=color)
            click.echo("\n".join(f"  {line}".rstrip() for line in clean(text).strip().splitlines()))


def print_matches(matches: Sequence[pb.PlaybookMatch], settings: Settings) -> None:
    """Print the playbooks that tell of a failure, the reasons below each; the first one whole."""
    for match in matches:
        click.echo(f"{match.score:.2f}  {one_line(match.playbook.id)}  {one_line(match.playbook.origin)}")
        for found in match.found:
            click.echo(f"      found: {one_line(found.symptom)}")
            click.echo(f"         in: {one_line(found.untrusted_recorded)}")
        for reason in match.reasons:
            click.echo(f"      {one_line(reason)}")
        for line in _detected(match.detection):
            click.echo(f"      {line}")
    click.echo()
    print_playbook(matches[0].playbook, settings)


def print_trials(failures: Sequence[pb.PastFailure], settings: Settings) -> None:
    """Print a line per past failure: a hit with the rank that each playbook would have had, or a miss."""
    table = console_table("TICKET", "EVENT", "PHASE", "CODE", "TOLD BY", "FAILURE")
    for failure in failures:
        told = ", ".join(f"{one_line(hit.id)} ({hit.rank}.)" for hit in failure.hits) or "-"
        where = one_line(failure.ticket), str(failure.version), one_line(failure.phase) or "-", one_line(failure.code)
        table.add_row(*where, told, one_line(failure.line))
    show(table, settings)
    hits = sum(bool(failure.hits) for failure in failures)
    settings.say(f"{hits} of {len(failures)} past failures are told of.")


def warn(problems: Iterable[str], settings: Settings) -> None:
    """Tell people on stderr which files gave no playbook."""
    for problem in problems:
        settings.say(f"not read: {one_line(problem)}")


def _detected(detection: pb.DetectionOutcome) -> Iterator[str]:
    for check in detection.checks:
        yield f"{'✓' if check.matched else '✗'} {one_line(check.command)}"
        if check.failed:
            yield f"    {one_line(check.failed)}"
        yield from (f"    │ {line}" for line in clean(check.untrusted_output).splitlines()[-_LINES:])


def _detection(one: pb.Detection) -> str:
    network = "with network, " if one.network else ""
    return f"{one_line(one.command)}  # {network}expect: {one.expect}"


def _sections(playbook: pb.Playbook) -> Iterator[tuple[str, str]]:
    yield "symptom", playbook.symptom
    yield "detection", "\n".join(_detection(one) for one in playbook.detection)
    yield "root cause", playbook.root_cause
    yield "fix now", playbook.fix.adhoc
    yield "fix for good", f"{playbook.fix.bootstrap_change}\n{playbook.fix.bootstrap_script}"
    yield "verify", "\n".join(playbook.verify)
    yield "services", ", ".join(playbook.services)
    yield "tags", ", ".join(playbook.tags)
    if playbook.HasField("record"):
        record = playbook.record
        yield "record", f"matched {record.matched}, confirmed {record.confirmed}, worked {record.worked} times"
