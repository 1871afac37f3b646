"""The hooks of a service at the present commit, to be run by hand (spec: The ops repo)."""

from __future__ import annotations

from released.domain.errors import InvalidInput, NotFound, Refused
from released.domain.ids import HookName, ServiceName
from released.domain.releases.plan import Executable
from released.domain.releases.release import ReleaseState
from released.domain.releases.steps import Recovery
from released.phases.effects import Process
from released.phases.executables import changed_since_commit, executable_process, facts
from released.phases.planning.reading import read_executable
from released.phases.world import World


def find_hook(world: World, service: ServiceName, hook: HookName) -> Executable:
    """Find a hook by the name of its file, with or without what stands behind a dot.

    Raises:
        NotFound: the commit that is checked out has no such service (``service_unknown``) or hook (``hook_unknown``).
        InvalidInput: ``hook_ambiguous``, several files could be meant.
        Refused: ``script_changed``, the file on disk is not the commit's; or its header is wrong.
    """
    head = world.git.state().head
    folder = f"{world.settings.folders.packages}/{service}"
    entries = {entry.path: entry for entry in world.git.list_folder(head, folder, recursive=True)}
    if not entries:
        raise NotFound("service_unknown", f"The ops repo has no service {service!r} at the present commit.")
    path = _meant(f"{folder}/scripts", hook, list(entries))
    executable = read_executable(world.git, head, entries[path])
    changed = changed_since_commit(world, executable)
    if changed is not None:
        raise Refused(changed.code, changed.message)
    return executable


def hook_process(world: World, executable: Executable, service: str, occupant: ReleaseState | None) -> Process:
    """Run a hook by hand; it finds the facts of the release that occupies the environment, where there is one."""

    def variables() -> dict[str, str]:
        if occupant is not None:
            return facts(occupant)
        return {"SERVICES": service, "CONTAINER_PREFIX": world.variables().get("CONTAINER_PREFIX", "")}

    return executable_process(world, executable, variables, Recovery.ASK)


def is_meant(file: str, hook: str) -> bool:
    """Tell whether a hook's name means this file."""
    return file == hook or file.startswith(f"{hook}.")


def _meant(folder: str, hook: HookName, paths: list[str]) -> str:
    names = [path.removeprefix(f"{folder}/") for path in paths if path.startswith(f"{folder}/")]
    found = [name for name in names if name == hook] or [name for name in names if is_meant(name, hook)]
    match found:
        case [name]:
            return f"{folder}/{name}"
        case []:
            known = ", ".join(name for name in names if "/" not in name) or "none"
            raise NotFound("hook_unknown", f"There is no hook {hook!r} in {folder}; its files: {known}.")
        case _:
            raise InvalidInput("hook_ambiguous", f"{hook!r} may be any of {', '.join(found)} in {folder}; name one.")
