"""The preconditions of a run, and its plan: looks at everything, changes nothing but ``refs/released/``.

Either the plan of the run comes out, with every fact that the phases need, or a refusal (spec: prepare, 1 to 4).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from released.adapters.git.checkout import Git
from released.adapters.git.records import ChangedPath
from released.domain import classify
from released.domain.configuration import Environment
from released.domain.errors import Refused
from released.domain.events import RunOptions
from released.domain.failure import NextCommand
from released.domain.ids import Sha, Ticket, parse_sha
from released.domain.next_steps import run
from released.domain.plan import Executable, PathVerdict, ReleasePlan, ServicePlan
from released.domain.start_order import in_start_order
from released.domain.ticket_scripts import foreign_scripts, scripts_of
from released.phases.reading import UNSUPPORTED_BACKUPS, Catalogue, read_catalogue, read_executable
from released.phases.releasable import refuse_divergence, releasable
from released.phases.step_names import refuse_taken_names
from released.phases.world import World


@dataclass(frozen=True)
class History:
    """What the record knows and a plan depends on."""

    known_tickets: tuple[str, ...]
    is_released: Callable[[str], bool]
    """Tells whether a ticket is released, so that its scripts were run."""
    last_released: str | None
    """MERGE_SHA of the latest release."""


@dataclass(frozen=True)
class Request:
    """What is to be planned."""

    ticket: Ticket
    options: RunOptions
    base: Sha | None = None
    """BASE_SHA, where a run that has one goes on from prepare."""


def plan_release(world: World, request: Request, history: History) -> ReleasePlan:
    """Plan a release, or refuse it.

    Raises:
        Refused: a precondition does not hold; the message says which, and what to type next.
    """
    head = releasable(world.git, world.settings).head
    merge = world.git.fetch()
    refuse_divergence(world, head, merge)
    base = _base(world, request, history, head, merge)
    changes = world.git.changed_paths(base, merge)
    _refuse_unreadable_variables(world)
    catalogue = read_catalogue(world.git, world.settings, merge, world.variables().get("CONTAINER_PREFIX", ""))
    verdicts = _verdicts(world.settings, catalogue, changes)
    # Ordered as a whole: a service also waits for what it depends on through one that is not affected.
    ordered, affected = in_start_order(catalogue.services.values()), classify.affected(verdicts)
    services = tuple(service for service in ordered if service.name in affected)
    scripts = _scripts(world, request, history, merge, changes)
    if services:
        _refuse_unready(world, services, catalogue)
    plan = ReleasePlan(
        ticket=request.ticket,
        base_sha=base,
        head_sha=head,
        merge_sha=merge,
        services=services,
        verified=ordered if request.options.verify_all else services,
        scripts=scripts,
        verdicts=tuple(verdicts),
        container_prefix=world.variables().get("CONTAINER_PREFIX", ""),
        warnings=(*catalogue.warnings, *_warnings(world.settings, catalogue, verdicts)),
    )
    refuse_taken_names(world, plan)
    return plan


# --- the range ---------------------------------------------------------------------------------------------------


def _base(world: World, request: Request, history: History, head: Sha, merge: Sha) -> Sha:
    if request.base is not None:
        return request.base
    if request.options.base and request.options.base != head:
        return _given_base(world, request.options.base, head)
    if head == merge:
        raise _nothing_to_release(world, request, history, head)
    return head


def _given_base(world: World, text: str, head: Sha) -> Sha:
    base = parse_sha(text)
    if not world.git.has_commit(base):
        raise Refused("base_unknown", f"{world.settings.repo} has no commit {base}, so it cannot be the base.")
    if not world.git.is_ancestor(base, head):
        raise Refused("base_not_ancestor", f"{base} is not an ancestor of HEAD ({head}), so it cannot be the base.")
    return base


def _nothing_to_release(world: World, request: Request, history: History, head: Sha) -> Refused:
    upstream = f"{world.settings.remote}/{world.settings.branch}"
    message = f"already up-to-date with {upstream} — nothing to release"
    before = _before_pull(world.git, history, head)
    if before is None:
        return Refused("nothing_to_release", f"{message}. Is the pull request merged?")
    repo = str(world.settings.repo)
    return Refused(
        "nothing_to_release",
        f"{message}. Was it pulled by hand? HEAD stood at {before} before. Go back to that commit, or name it "
        "as the base, and run again.",
        (
            NextCommand(("git", "-C", repo, "reset", "--hard", before), "takes the checkout back to before", "changes"),
            *run(request.ticket, "--base", before),
        ),
    )


def _before_pull(git: Git, history: History, head: Sha) -> Sha | None:
    """Find the commit before a pull by hand: the record knows the last released one, the reflog knows the rest."""
    released = parse_sha(history.last_released) if history.last_released else head
    if released != head and git.has_commit(released) and git.is_ancestor(released, head):
        return released
    return git.head_before_pull(head)


# --- services and scripts ----------------------------------------------------------------------------------------


def _refuse_unreadable_variables(world: World) -> None:
    raw = world.env_file.read_bytes() if world.env_file.is_file() else b""
    try:
        raw.decode()
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise Refused(
            "env_file_not_text",
            f"{world.env_file}:{line}: expected UTF-8 text. Write it anew (iconv -f latin1 -t utf-8 turns Latin-1 into "
            "it), then run again.",
        ) from None


def _verdicts(settings: Environment, catalogue: Catalogue, changes: tuple[ChangedPath, ...]) -> list[PathVerdict]:
    folders = settings.folders
    paths = [change.path for change in changes]
    verdicts = classify.classify(paths, list(catalogue.services), settings.paths, folders.packages, folders.releases)
    unmatched = classify.unmatched(verdicts)
    if unmatched and settings.unmatched_paths == classify.REFUSE:
        raise Refused(
            "unmatched_paths",
            "No rule says which services these changed paths affect: " + ", ".join(unmatched) + ". "
            "Map them under 'paths' in the configuration of this environment, then run again.",
        )
    return verdicts


def _warnings(settings: Environment, catalogue: Catalogue, verdicts: list[PathVerdict]) -> list[str]:
    found = sorted({verdict.rule for verdict in verdicts if "deleted package" in verdict.rule})
    found += [
        f"the configuration maps {pattern} to {name}, which is no service of the commit to be released"
        for pattern, names in settings.paths.items()
        for name in names
        if name not in catalogue.services
    ]
    if settings.unmatched_paths == classify.IGNORE:
        return found
    return [*found, *(f"{path}: no rule says which services it affects" for path in classify.unmatched(verdicts))]


def _scripts(
    world: World, request: Request, history: History, merge: Sha, changes: tuple[ChangedPath, ...]
) -> tuple[Executable, ...]:
    folder = world.settings.folders.releases
    tickets = (request.ticket, *request.options.with_tickets)
    entries = {entry.path.removeprefix(f"{folder}/"): entry for entry in world.git.list_folder(merge, folder)}
    _refuse_foreign(folder, tickets, history, changes)
    known = sorted({*history.known_tickets, *tickets})
    names = sorted({name for ticket in tickets for name in scripts_of(ticket, entries, known)})
    return tuple(read_executable(world.git, merge, entries[name]) for name in names)


def _refuse_foreign(folder: str, tickets: tuple[str, ...], history: History, changes: tuple[ChangedPath, ...]) -> None:
    changed = [
        one.path.removeprefix(f"{folder}/")
        for one in changes
        if one.status != "D" and one.path.startswith(f"{folder}/")
    ]
    foreign = {
        name: owner
        for name, owner in foreign_scripts(tickets[0], tickets[1:], changed).items()
        if not history.is_released(owner)
    }
    if foreign:
        named = ", ".join(f"{folder}/{name}" for name in foreign)
        along = [word for owner in sorted(set(foreign.values())) for word in ("--with", owner)]
        raise Refused(
            "foreign_scripts",
            f"The same range brings scripts of other tickets: {named}. "
            "They would be deployed without being run; take these tickets along, or release them first.",
            run(tickets[0], *along),
        )


def _refuse_missing_variables(world: World, services: tuple[ServicePlan, ...], catalogue: Catalogue) -> None:
    variables = world.variables()
    missing = {
        service.folder: [name for name in catalogue.required_variables[service.name] if name not in variables]
        for service in services
    }
    told = [f"{folder}/tpl.env names {', '.join(names)}" for folder, names in missing.items() if names]
    if told:
        raise Refused(
            "env_variable_missing",
            f"{'; '.join(told)}; {world.env_file} lacks that. Set it there, then run again.",
        )


def _refuse_unready(world: World, services: tuple[ServicePlan, ...], catalogue: Catalogue) -> None:
    _refuse_missing_variables(world, services, catalogue)
    for service in services:
        unsupported = [kind for kind in service.backup.kinds if kind in UNSUPPORTED_BACKUPS]
        if unsupported:
            raise Refused(
                "backup_unsupported",
                f"{service.folder}/manifest.yaml asks for a backup of type {', '.join(unsupported)}, which this "
                "version cannot make. A release without the backup that was asked for is not started.",
            )
    world.engine.ping()
    _ = world.compose
