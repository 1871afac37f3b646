"""A diagnosis as people read it, on one screen."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence

import click
from rich.console import Group
from rich.text import Text

from releasectl.rpc_errors import from_messages
from releasectl.settings import Settings
from releasectl.text.sanitize import clean, one_line
from releasectl.text.symbols import style
from releasectl.text.tables import short, show, word
from releasectl.text.terminal import prose, width
from releasectl.text.times import minute_stamp
from releasectl.views.diagnosis_summary import cause_line, playbook_line
from releasectl.views.reporting import evidence_lines, next_lines
from releasectl.views.status import Fact, facts_table
from releasepb.v1 import releases_pb2 as pb

_MOST = 3
_SHOWN_ELSEWHERE = ("port",)
"""Kinds of clues that stand beside the container, too."""
_OVER = ("released", "reverted", "abandoned")
_GIB = 1 << 30


def print_diagnosis(told: pb.Diagnosis, settings: Settings) -> None:
    """Print a diagnosis."""
    show(Group(_headline(told), facts_table(_facts(told))), settings)
    columns = width(sys.stdout.isatty())
    for line in evidence_lines(_last_words(told.evidence), columns - 4):
        click.echo(f"  │ {line}")
    for ask in told.by_hand:
        click.echo("\n".join(prose(f"first: {clean(ask)}", columns)))
    for line in next_lines(from_messages(told.next), settings, columns):
        click.echo(line)
    for problem in told.problems:
        settings.say(f"not read: {one_line(problem)}")


def _headline(told: pb.Diagnosis) -> Text:
    over = told.kind in _OVER
    where = f" in {one_line(told.phase)}" if told.phase and not over else ""
    step = f" at {one_line(told.step)}" if told.step and not over else ""
    text = Text.assemble(
        (f"ticket {one_line(told.ticket)}", "bold"), "  ", word(told.kind), (where + step, style(told.kind))
    )
    return text.append(f"  {minute_stamp(told.at)}, run {told.run}") if told.HasField("at") else text


def _facts(told: pb.Diagnosis) -> Iterator[Fact]:
    yield "cause", Text(cause_line(told), style="bold")
    yield one_line(told.recommendation.choice), told.recommendation.why
    yield from (("said", line) for line in _said(told))
    yield from (("certain", clean(line)) for line in told.certainty.certain)
    yield from (("in doubt", Text(clean(line), style="bold red")) for line in told.certainty.doubtful)
    yield from (("recovery", clean(line)) for line in told.certainty.recovery)
    yield from _clues(told.clues)
    yield from (("changed", _change(change)) for change in told.changes)
    if told.evidence.HasField("surroundings"):
        if told.kind in _OVER:
            yield "back then", f"{minute_stamp(told.at)}, when it failed, this is how it stood:"
        yield from _surroundings(told.evidence.surroundings)
    yield from (("before", _occurrence(one)) for one in told.before[:_MOST])
    yield from (("playbook", playbook_line(match)) for match in told.playbooks[:_MOST])


def _said(told: pb.Diagnosis) -> list[str]:
    """Give the first lines of the message, where the cause is not the same in other words."""
    message, cause = clean(told.evidence.message), clean(told.cause.sentence).rstrip(".")
    return [] if message.startswith(cause) or told.kind in _OVER else message.splitlines()[:_MOST]


def _clues(clues: Sequence[pb.Clue]) -> Iterator[Fact]:
    """Give a line per kind; what tells it is in the evidence, but for who touched a file."""
    for kind in dict.fromkeys(one_line(clue.kind) for clue in clues if clue.kind not in _SHOWN_ELSEWHERE):
        yield f"clue: {kind}", ", ".join(_clue(clue) for clue in clues if clue.kind == kind)


def _clue(clue: pb.Clue) -> str:
    who = f" ({one_line(clue.untrusted_detail)})" if clue.kind == "path" and clue.untrusted_detail else ""
    return f"{one_line(clue.subject)}{who}"


def _change(change: pb.ServiceChange) -> str:
    image = f" {one_line(change.image_before) or '?'} → {one_line(change.image_now)}" if change.image_now else ""
    since = f"ticket {one_line(change.since_ticket)}, {minute_stamp(change.since)}" if change.since_ticket else ""
    paths = ", ".join(one_line(path) for path in change.paths[:_MOST])
    more = f" and {len(change.paths) - _MOST} more" if len(change.paths) > _MOST else ""
    last = f"last good: {since}" if since else "no good release of it on record"
    commits = f"{short(change.base_sha)} → {short(change.merge_sha)}"
    return f"{one_line(change.service)}{image}  {commits}  ({last})  {paths}{more}".rstrip()


def _surroundings(seen: pb.Surroundings) -> Iterator[Fact]:
    for one in seen.containers:
        health = f", {one_line(one.health)}" if one.health else ""
        ports = f"  {', '.join(map(one_line, one.ports))}" if one.ports else ""
        ended = f" (exit code {one.exit_code})" if one.state != "running" else ""
        yield "container", f"{one_line(one.name)} {one_line(one.state)}{ended}{health}  {one_line(one.image)}{ports}"
    for probe in seen.probes:
        yield "probe", f"{one_line(probe.url)}: HTTP {probe.code}  {one_line(probe.untrusted_said)}".rstrip()
    changed = f", {len(seen.changed_paths)} paths differ from HEAD" if seen.changed_paths else ", clean"
    yield "checkout", f"{one_line(seen.branch) or 'detached'} {short(seen.head)}{changed if seen.head else ''}"
    free = ", ".join(f"{size / _GIB:.1f} GiB at {one_line(folder)}" for folder, size in sorted(seen.free_bytes.items()))
    yield "host", f"engine {one_line(seen.engine) or 'does not answer'}; free: {free or 'unknown'}"
    yield from (("not seen", one_line(line)) for line in seen.unseen)


def _occurrence(one: pb.Occurrence) -> str:
    solved = one_line(one.solved) or "not solved"
    return f"{minute_stamp(one.at)}, ticket {one_line(one.ticket)}, run {one.run}: {solved}"


def _last_words(evidence: pb.FailureEvidence) -> str:
    """Give what was printed last: by the step, else by the containers."""
    if evidence.untrusted_output.strip():
        return evidence.untrusted_output
    return "\n".join(one.untrusted_log for one in evidence.surroundings.containers)
