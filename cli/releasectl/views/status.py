"""Where a release or an environment stands, for people."""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Iterable, Iterator, Sequence

import click
from google.protobuf.timestamp_pb2 import Timestamp
from rich.console import Group
from rich.table import Table
from rich.text import Text

from releasectl.lifecycle import HALTED, RUNNING
from releasectl.rpc_errors import from_messages
from releasectl.settings import Settings
from releasectl.text.durations import format_duration
from releasectl.text.sanitize import clean, one_line
from releasectl.text.symbols import style, symbol
from releasectl.text.tables import services_table, short, show, word
from releasectl.text.terminal import prose, width
from releasectl.text.times import moment
from releasectl.views.machine import document, emit
from releasectl.views.reporting import evidence_lines, next_lines
from releasepb.v1 import releases_pb2 as pb

Fact = tuple[str, Text | str]
_BETWEEN = "   "
_FACTS_INDENT = 15
"""Columns that the names of the facts of a release take."""
_EVIDENCE_LINES = 5
"""All of it is shown by ``logs``; here all else must stay on the screen."""


def print_release(release: pb.Release, settings: Settings) -> None:
    """Print where a ticket stands, the steps of the phase that runs or halted, its failure, and what may be typed."""
    is_in_phase = release.summary.state in (*RUNNING, *HALTED)
    steps = [step for step in release.steps if is_in_phase and step.phase == release.summary.phase]
    _show_read_only(release, settings)
    show(Group(_headline(release), facts_table(_release_facts(release))), settings)
    if steps:
        show(Group("", _steps(steps)), settings)
    columns = width(sys.stdout.isatty())
    for line in (*_failure_lines(release, columns), *next_lines(from_messages(release.next), settings, columns)):
        click.echo(line)


def show_environment(environment: pb.Environment, settings: Settings) -> None:
    """Print an environment in the form that is wanted."""
    if settings.is_text:
        print_environment(environment, settings)
    else:
        emit(document(environment))


def print_environment(environment: pb.Environment, settings: Settings) -> None:
    """Print who occupies an environment, where its checkout stands, and its services."""
    _show_read_only(environment, settings)
    show(Group(Text(one_line(environment.name), style="bold"), facts_table(_environment_facts(environment))), settings)
    if environment.services:
        show(Group("", services_table(environment.services)), settings)


def _show_read_only(shown: pb.Release | pb.Environment, settings: Settings) -> None:
    """Print first that the daemon can record nothing, and what to do about it."""
    if not shown.HasField("read_only"):
        return
    reason, columns = shown.read_only, width(sys.stdout.isatty())
    show(Text(f"released is read-only: {clean(reason.message)}", style="bold red"), settings)
    for line in (*next_lines(from_messages(reason.next), settings, columns), ""):
        click.echo(line)


def _headline(release: pb.Release) -> Text:
    summary = release.summary
    where = f" in {one_line(summary.phase)}" if summary.state == "halted" else ""
    cause = f" ({one_line(release.halt_cause).replace('_', ' ')})" if release.halt_cause else ""
    return Text.assemble(
        ("ticket " + one_line(summary.ticket), "bold"), "  ", word(summary.state), (where + cause, style(summary.state))
    )


def _release_facts(release: pb.Release) -> Iterable[Fact]:
    summary = release.summary
    yield "environment", f"{one_line(release.environment)}, run {summary.run}"
    yield "phases", _phases(release.phases) if release.phases else "none: released by hand"
    yield "commits", f"{short(summary.base_sha)} → {short(summary.merge_sha)}"
    yield "services", ", ".join(one_line(name) for name in summary.services) or "none"
    if release.backups:
        yield "backups", ", ".join(f"{one_line(each.service)}={one_line(each.stamp)}" for each in release.backups)
    yield "started", f"{_time(summary.started_at)} by {one_line(summary.started_by)}"
    yield "changed", _time(summary.changed_at)
    if release.HasField("silence"):
        yield "silent", _silence(release.silence)
    if release.HasField("standstill"):
        yield "halted", _standstill(release.standstill)
    if release.HasField("revert"):
        yield from _revert_facts(release.revert, undone=summary.state == "released")
    if summary.back_with:
        yield "back with", Text(f"ticket {one_line(summary.back_with)}, which brought its commits back", style="yellow")
    if release.HasField("cancelling"):
        yield "cancel", Text(_cancelling(release.cancelling), style="yellow")
    for override in release.overrides:
        yield "overridden", Text(_override(override), style="bold red")
    if release.HasField("legal_hold"):
        kept = release.legal_hold
        yield "legal hold", f"{one_line(kept.text)}  ({one_line(kept.by)}, {_time(kept.at)})"
    for note in release.notes:
        yield "note", f"{one_line(note.text)}  ({one_line(note.by)}, {_time(note.at)})"


def _cancelling(wish: pb.Cancelling) -> str:
    when = "its present step is being stopped" if wish.kill else "stops after the present step"
    return f"asked by {one_line(wish.by)}, {_time(wish.at)}: {when}  ({one_line(wish.reason)})"


def _standstill(standstill: pb.Standstill) -> str:
    times = "once" if standstill.reminders == 1 else f"{standstill.reminders} times"
    reminded = f", reminded {times} (last {_time(standstill.reminded_at)})" if standstill.reminders else ""
    waited_s = (dt.datetime.now(dt.UTC) - moment(standstill.since)).total_seconds()
    return f"for {format_duration(waited_s)}{reminded}"


def _silence(silence: pb.Silence) -> Text:
    limit = format_duration(silence.limit_s)
    return Text(f"nothing recorded since {_time(silence.since)}, longer than {limit}: it may hang", style="yellow")


def _revert_facts(revert: pb.RevertOutcome, *, undone: bool) -> Iterable[Fact]:
    reason = f": {one_line(revert.reason)}" if revert.reason else ""
    yield "revert undone" if undone else "taken back", f"{_time(revert.at)} by {one_line(revert.by)}{reason}"
    pushed = "pushed" if revert.pushed else "not pushed"
    if revert.commit:
        yield "by commit", f"{short(revert.commit)}, the tree of {short(revert.target_sha)}, {pushed}"
    if revert.data_restored:
        yield "data of", ", ".join(one_line(name) for name in revert.data_restored)


def _override(override: pb.Override) -> str:
    reason = f": {one_line(override.reason)}" if override.reason else ""
    return f"{one_line(override.detail)}{reason}  ({one_line(override.by)}, {_time(override.at)})"


def _environment_facts(environment: pb.Environment) -> Iterable[Fact]:
    yield "lock", _lock(environment)
    if environment.waiting:
        yield "waiting", "\n".join(_waiter(waiter) for waiter in environment.waiting)
    if environment.hold_reason:
        yield "hold", _hold(environment)
    if environment.HasField("active"):
        active = environment.active
        yield "release", Text.assemble(f"ticket {one_line(active.ticket)}  ", word(active.state))
    if environment.HasField("silence"):
        yield "silent", _silence(environment.silence)
    if environment.HasField("standstill"):
        yield "halted", _standstill(environment.standstill)
    yield "checkout", _checkout(environment)
    if environment.HasField("failed_return"):
        yield "return", _failed_return(environment.failed_return)
    yield "epoch", str(environment.epoch)


def _checkout(environment: pb.Environment) -> Text:
    here, usual = one_line(environment.checkout_branch) or "detached", one_line(environment.branch)
    text = Text(f"{one_line(environment.repo)}  {here} {short(environment.head)}")
    return text if here == usual else text.append(f"  (releases are made from {usual})", style="yellow")


def _waiter(waiter: pb.Waiter) -> str:
    return f"ticket {one_line(waiter.ticket)}, since {_time(waiter.since)} by {one_line(waiter.by)}"


def _failed_return(failed: pb.FailedReturn) -> Text:
    when = f"from {one_line(failed.from_branch)} failed at {_time(failed.at)}"
    return Text(f"{when}: {clean(failed.message)}", style="red")


def _lock(environment: pb.Environment) -> Text | str:
    if not environment.lock_ticket:
        return "free"
    return Text(
        f"ticket {one_line(environment.lock_ticket)}, run {environment.lock_run}, "
        f"since {_time(environment.lock_since)} by {one_line(environment.lock_by)}",
        style="yellow",
    )


def _hold(environment: pb.Environment) -> Text:
    end = f" until {_time(environment.hold_until)}" if environment.HasField("hold_until") else ""
    who = f"{one_line(environment.hold_by)} since {_time(environment.hold_since)}{end}"
    return Text(f"{one_line(environment.hold_reason)}  ({who})", style="yellow")


def _phases(phases: Sequence[pb.PhaseStatus]) -> Text:
    """Put the phases in rows, each phase beside its status; one that waits needs no word."""
    room = width(sys.stdout.isatty()) - _FACTS_INDENT
    words = {each.phase: "" if each.status == "pending" else f" {each.status}" for each in phases}
    shown = [Text(f"{symbol(each.status)} {each.phase}{words[each.phase]}", style(each.status)) for each in phases]
    rows: list[Text] = []
    for phase in shown:
        if rows and rows[-1].cell_len + len(_BETWEEN) + phase.cell_len <= room:
            rows[-1] = Text(_BETWEEN).join([rows[-1], phase])
        else:
            rows.append(phase)
    return Text("\n").join(rows)


def _steps(steps: Iterable[pb.Step]) -> Table:
    table = Table.grid(padding=(0, 2))
    for column in ("left", "left", "right"):
        table.add_column(justify="right" if column == "right" else "left", no_wrap=True)
    for step in steps:
        status = "done" if step.status == "succeeded" else step.status
        attempt = f" (attempt {step.attempt})" if step.attempt > 1 else ""
        name = Text(f"  {symbol(status)} {one_line(step.name)}{attempt}", style=style(status))
        table.add_row(name, Text(status, style=style(status)), _took(step))
    return table


def _took(step: pb.Step) -> str:
    if not step.HasField("started_at") or step.status == "in_doubt":
        return ""
    end = moment(step.ended_at) if step.HasField("ended_at") else dt.datetime.now(dt.UTC)
    return format_duration((end - moment(step.started_at)).total_seconds())


def _failure_lines(release: pb.Release, columns: int) -> Iterator[str]:
    if release.HasField("failure"):
        yield ""
        yield from prose(clean(release.failure.message), columns)
        yield from (
            f"  │ {line}" for line in evidence_lines(release.failure.untrusted_evidence, columns - 4, _EVIDENCE_LINES)
        )


def facts_table(facts: Iterable[Fact]) -> Table:
    """Lay out facts, their names in front."""
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in facts:
        table.add_row(f"  {name}", value)
    return table


def _time(timestamp: Timestamp) -> str:
    return f"{moment(timestamp):%Y-%m-%d %H:%M:%SZ}"
