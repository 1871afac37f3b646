"""The preconditions of a run, and its plan: looks at everything, changes nothing but ``refs/released/``.

Either the plan of the run comes out, with every fact that the phases need, or a refusal (spec: prepare, 1 to 4).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from released.adapters.git.records import ChangedPath
from released.domain.configuration import Environment
from released.domain.errors import Refused
from released.domain.events import RunOptions
from released.domain.failure import NextCommand
from released.domain.ids import Sha, Ticket, parse_sha
from released.domain.ops_repo import classify
from released.domain.ops_repo.start_order import in_start_order
from released.domain.ops_repo.ticket_scripts import foreign_scripts, scripts_of
from released.domain.releases.next_steps import revert
from released.domain.releases.plan import Executable, PathVerdict, ReleasePlan, ServicePlan
from released.phases.planning.commit_range import CommitRange, find_range
from released.phases.planning.disk_space import refuse_too_little_space
from released.phases.planning.history import History
from released.phases.planning.new_volumes import with_new_volumes
from released.phases.planning.reading import UNSUPPORTED_BACKUPS, Catalogue, read_catalogue, read_executable
from released.phases.planning.request import Request
from released.phases.step_names import refuse_taken_names
from released.phases.world import World


def plan_release(world: World, request: Request, history: History) -> ReleasePlan:
    """Plan a release, or refuse it.

    Raises:
        Refused: a precondition does not hold; the message says which, and what to type next.
    """
    commits = find_range(world, request, history)
    refuse_unreadable_variables(world)
    catalogue = read_catalogue(world.git, world.settings, commits.merge, _prefix(world))
    plan = _contents(world, request, history, commits, catalogue)
    if plan.services:
        _refuse_unready(world, plan.services, catalogue)
    refuse_taken_names(world, plan)
    return plan


def plan_adoption(world: World, ticket: Ticket, base: Sha, merge: Sha, history: History) -> ReleasePlan:
    """Find out what a release that was done by hand consisted of.

    Raises:
        Refused: a commit is not here, the two are the same, or they are not on the way to HEAD.
    """
    head = world.git.state().head
    _refuse_not_on_the_way(world, base, merge, head)
    request, commits = Request(ticket, RunOptions()), CommitRange(base, head, merge, "", ())
    catalogue = read_catalogue(world.git, world.settings, merge, _prefix(world))
    # Whoever released by hand ran the scripts of other tickets, too, or did not: that is not ours to judge.
    return _contents(world, request, replace(history, is_released=lambda _: True), commits, catalogue)


def _refuse_not_on_the_way(world: World, base: Sha, merge: Sha, head: Sha) -> None:
    repo = world.settings.repo
    look = (NextCommand(("git", "-C", str(repo), "log", "--oneline", "--decorate", "-20"), "shows the way to HEAD"),)
    for commit in (base, merge):
        if not world.git.has_commit(commit):
            raise Refused("commit_unknown", f"{repo} has no commit {commit}, so nothing was released with it.", look)
    if base == merge:
        raise Refused("same_commit", f"{merge} is given as base and as merge, and nothing lies between them.", look)
    for old, new in ((base, merge), (merge, head)):
        if not world.git.is_ancestor(old, new):
            message = f"{old} is not an ancestor of {new}, so no release went from {base} to {merge} here."
            raise Refused("not_on_the_way", message, look)


def later_deployed(world: World, plan: ReleasePlan, history: History) -> str:
    """Name the commit that is deployed where it is a later one than an adopted release brought; else give nothing."""
    last = parse_sha(history.last_deployed) if history.last_deployed else None
    if last is None or last == plan.merge_sha or not world.git.has_commit(last):
        return ""
    return last if world.git.is_ancestor(plan.merge_sha, last) else ""


def _contents(
    world: World, request: Request, history: History, commits: CommitRange, catalogue: Catalogue
) -> ReleasePlan:
    """Classify what changes, and collect what a release of it consists of."""
    changes = world.git.changed_paths(commits.base, commits.merge)
    verdicts = _verdicts(world.settings, catalogue, changes)
    # Ordered as a whole: a service also waits for what it depends on through one that is not affected.
    _refuse_gone(request, catalogue)
    ordered = in_start_order(catalogue.services.values())
    affected = {*classify.affected(verdicts), *request.touched}
    services = tuple(
        with_new_volumes(world.git, service, commits.base, commits.merge)
        for service in ordered
        if service.name in affected
    )
    return ReleasePlan(
        ticket=request.ticket,
        base_sha=commits.base,
        head_sha=commits.head,
        merge_sha=commits.merge,
        services=services,
        verified=ordered if request.options.verify_all else services,
        scripts=_scripts(world, request, history, commits.merge, changes),
        verdicts=tuple(verdicts),
        container_prefix=_prefix(world),
        warnings=(*catalogue.warnings, *_warnings(world.settings, catalogue, verdicts)),
        branch=commits.branch,
        brought_back=commits.brought_back,
    )


def _prefix(world: World) -> str:
    return world.variables().get("CONTAINER_PREFIX", "")


# --- services and scripts ----------------------------------------------------------------------------------------


def refuse_unreadable_variables(world: World) -> None:
    """Let pass only a ``.env`` that is text.

    Raises:
        Refused: ``env_file_not_text``.
    """
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


def _refuse_gone(request: Request, catalogue: Catalogue) -> None:
    """A fix may not do away with what this run has changed: nobody would take its containers back."""
    gone = [name for name in request.touched if name not in catalogue.services]
    if gone:
        raise Refused(
            "touched_service_gone",
            f"This run has changed {', '.join(gone)} already, and the fix has no such service any more. Keep its "
            "package until this release is over, or take the release back.",
            revert(request.ticket),
        )


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
    _refuse_foreign(folder, request, history, changes)
    known = sorted({*history.known_tickets, *tickets})
    names = sorted({name for ticket in tickets for name in scripts_of(ticket, entries, known)})
    return tuple(read_executable(world.git, merge, entries[name]) for name in names)


def _refuse_foreign(folder: str, request: Request, history: History, changes: tuple[ChangedPath, ...]) -> None:
    options = request.options
    changed = [
        one.path.removeprefix(f"{folder}/")
        for one in changes
        if one.status != "D" and one.path.startswith(f"{folder}/")
    ]
    foreign = {
        name: owner
        for name, owner in foreign_scripts(request.ticket, options.with_tickets, changed).items()
        if not history.is_released(owner)
    }
    if foreign:
        named = ", ".join(f"{folder}/{name}" for name in foreign)
        along = (*options.with_tickets, *(Ticket(owner) for owner in sorted(set(foreign.values()))))
        raise Refused(
            "foreign_scripts",
            f"The same range brings scripts of other tickets: {named}. "
            "They would be deployed without being run; take these tickets along, or release them first.",
            request.with_other(with_tickets=along),
        )


def refuse_missing_variables(world: World, services: Iterable[ServicePlan], catalogue: Catalogue) -> None:
    """Let pass only services whose variables are all set (spec: The ops repo).

    Raises:
        Refused: ``env_variable_missing``, with every missing one.
    """
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
    refuse_missing_variables(world, services, catalogue)
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
    refuse_too_little_space(world, services)
