"""What a run or a revert would do, for people: read before they say yes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from rich.console import Group, RenderableType
from rich.filesize import decimal
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from releasectl.settings import Settings
from releasectl.text.durations import format_duration
from releasectl.text.sanitize import one_line
from releasectl.text.symbols import style
from releasectl.text.tables import console_table, short, show
from releasectl.text.times import ago, minute_stamp
from releasectl.views.status import Fact, facts_table
from releasepb.v1 import releases_pb2 as pb

_MOST_COMMITS = 20


def print_run(preview: pb.RunPreview, settings: Settings) -> None:
    """Print what a run would do."""
    head = Text.assemble(("plan for ticket " + one_line(preview.ticket), "bold"))
    show(Group(head, facts_table(_run_facts(preview)), *_sections(_run_sections(preview))), settings)


def _run_facts(preview: pb.RunPreview) -> Iterator[Fact]:
    yield "environment", one_line(preview.environment)
    yield "commits", f"{short(preview.base_sha)} → {short(preview.merge_sha)}, {len(preview.commits)}"
    yield "services", ", ".join(one_line(one.name) for one in preview.services) or "none"
    usual_s = sum(phase.median_s for phase in preview.phases)
    if usual_s:
        yield "usually takes", format_duration(usual_s)
    for override in preview.overrides:
        yield "overridden", Text(_override(override), style="bold red")
    for warning in preview.warnings:
        yield "warning", Text(one_line(warning), style="yellow")
    yield "hash", one_line(preview.plan_hash)


def _run_sections(preview: pb.RunPreview) -> Iterator[tuple[str, Sequence[Text | str]]]:
    yield "commits", _commits(preview.commits)
    yield "changed paths", [_path(verdict) for verdict in preview.paths]
    yield "services, as they run now", [line for one in preview.services for line in _service(one)]
    yield "scripts of the ticket", [_script(script) for script in preview.scripts]
    if preview.nothing_to_do:
        yield "steps", ["nothing to do: no service is affected and the ticket has no script"]
    for phase in preview.phases:
        usual = f"  (usually {format_duration(phase.median_s)})" if phase.median_s else ""
        yield (
            f"{one_line(phase.phase)}{usual}",
            [one_line(step) for step in phase.steps] or ["nothing, so it is skipped"],
        )


def _path(verdict: pb.PathVerdict) -> Text:
    services = ", ".join(one_line(name) for name in verdict.services) or "no service"
    return Text.assemble(one_line(verdict.path), "  → ", (services, "bold"), (f"  {one_line(verdict.rule)}", "dim"))


def _service(service: pb.PlannedService) -> Iterator[Text]:
    size = f", {decimal(service.backup_bytes)} now" if service.backup_bytes else ""
    kinds = ", ".join(one_line(kind) for kind in service.backups)
    saved = f"backup: {kinds}{size}" if kinds else "no backup"
    yield Text.assemble((one_line(service.name), "bold"), f"  → {one_line(service.image) or 'no image'}  ({saved})")
    for container in service.containers:
        state = one_line(container.health if container.health and container.state == "running" else container.state)
        yield Text.assemble(
            "  ", one_line(container.name), "  ", (state, style(state)), f"  {one_line(container.image)}"
        )


def _script(script: pb.Script) -> str:
    repeatable = "  repeatable" if script.repeatable else ""
    return f"{one_line(script.path)}  {short(script.blob)}{repeatable}"


def print_revert(preview: pb.RevertPreview, settings: Settings) -> None:
    """Print what a revert would do, and which writes it would lose."""
    what = "revert" if preview.undoes_revert else f"run {preview.run}"
    head = Text.assemble((f"taking {what} of ticket {one_line(preview.ticket)} back", "bold"))
    parts: list[RenderableType] = [
        head,
        facts_table(_revert_facts(preview)),
        *_sections([("taken back", _commits(preview.commits))]),
    ]
    if preview.services:
        parts += ["", _services_table(preview.services)]
    show(Group(*parts), settings)


def _revert_facts(preview: pb.RevertPreview) -> Iterator[Fact]:
    yield "environment", one_line(preview.environment)
    if preview.target_sha:
        yield "code", f"{short(preview.head_sha)} → the tree of {short(preview.target_sha)}, by one new commit"
    else:
        yield "code", f"stays at {short(preview.head_sha)}"
    for service in preview.services:
        if service.data == "restored":
            yield "data loss", Text(_loss(service), style="bold red")
    for warning in preview.warnings:
        yield "warning", Text(one_line(warning), style="yellow")
    yield "hash", one_line(preview.plan_hash)


def _loss(service: pb.RevertedService) -> str:
    since = f"{minute_stamp(service.backed_up_at)} ({ago(service.backed_up_at)})"
    now = f"; its volumes hold {decimal(service.present_bytes)} now" if service.present_bytes else ""
    return f"{one_line(service.name)}: everything written since {since}{now}"


def _services_table(services: Sequence[pb.RevertedService]) -> Table:
    table = console_table("SERVICE", "IMAGE", "DATA", "BACKUP", wrapped=("IMAGE", "DATA", "BACKUP"))
    for service in services:
        image = "goes" if service.removed else ", ".join(one_line(one.reference) for one in service.images) or "stays"
        data = Text(one_line(service.data), style=style(service.data))
        if service.data_reason:
            data.append(f"  {one_line(service.data_reason)}", style="not bold dim")
        size = f"  {decimal(service.backup_bytes)}" if service.backup_bytes else ""
        table.add_row(one_line(service.name), image, data, f"{one_line(service.backup) or '-'}{size}")
    return table


def _commits(commits: Sequence[pb.Commit]) -> list[str]:
    shown = [f"{short(one.sha)} {one_line(one.subject)} ({one_line(one.author)})" for one in commits[:_MOST_COMMITS]]
    left = len(commits) - len(shown)
    return [*shown, f"and {left} more"] if left else shown


def _override(override: pb.Override) -> str:
    return f"{one_line(override.detail)}" + (f": {one_line(override.reason)}" if override.reason else "")


def _sections(sections: Iterable[tuple[str, Sequence[Text | str]]]) -> Iterator[RenderableType]:
    for title, lines in sections:
        if lines:
            yield ""
            yield Text(title, style="bold")
            yield from (Padding(line, (0, 0, 0, 2)) for line in lines)
