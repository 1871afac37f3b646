"""Runs the ops repo's own executables, hooks and ticket scripts: as steps, or by hand (spec: ticket)."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable

from released.adapters.commands.scripts import Command, Exit
from released.domain import events as ev
from released.domain.errors import StepFailed
from released.domain.failure import Failure
from released.domain.ids import Phase
from released.domain.releases.plan import Executable
from released.domain.releases.release import ReleaseState, required
from released.domain.releases.steps import Recovery
from released.phases.effects import Process, Step
from released.phases.world import World


def executable_step(world: World, state: ReleaseState, name: str, executable: Executable) -> Step:
    """Run one executable of a release."""
    recovery = Recovery.REPEAT if executable.repeatable else Recovery.ASK
    process = executable_process(world, executable, lambda: facts(state), recovery)
    return Step(name, process, executable.timeout_s, executable.idle_s)


def executable_process(
    world: World, executable: Executable, variables: Callable[[], dict[str, str]], recovery: Recovery
) -> Process:
    """Run one executable in place, its content equal to the commit's.

    Args:
        world: the environment.
        executable: what is run.
        variables: gives those that it finds; asked when it is begun, and again where it failed.
        recovery: what becomes of it where its process was lost.
    """

    def command() -> Command:
        changed = changed_since_commit(world, executable)
        if changed is not None:
            raise StepFailed(changed)
        return Command(
            argv=_argv(world, executable),
            cwd=world.root,
            env=world.command_environment(variables()),
            timeout_s=executable.timeout_s,
            idle_s=executable.idle_s,
            secrets=world.secrets(),
        )

    def failed(ended: Exit, output: str) -> Failure:
        return _failure(executable, ended, output, _typed(world, executable, variables()))

    return Process(world.scripts, command, failed, recovery=recovery)


def facts(state: ReleaseState) -> dict[str, str]:
    """Give the variables that hooks and scripts find in their environment."""
    plan = required(state.plan)
    return {
        "TICKET": state.ticket,
        "BASE_SHA": plan.base_sha,
        "MERGE_SHA": plan.merge_sha,
        "SERVICES": " ".join(service.name for service in plan.services),
        "BACKUPS": " ".join(f"{one.service}={one.stamp}" for one in state.results(ev.BackedUp, Phase.PREPARE)),
        "CONTAINER_PREFIX": plan.container_prefix,
    }


def changed_since_commit(world: World, executable: Executable) -> Failure | None:
    """Say that the file is not what the commit holds, so that it must not be run; ``None`` where it is."""
    if world.git.blob_of_file(executable.path) == executable.blob:
        return None
    return Failure(
        "script_changed",
        f"{executable.path} in {world.root} is not what the released commit holds, so it is not run. "
        f"Restore it (git -C {world.root} checkout -- {executable.path}), then go on.",
    )


def _argv(world: World, executable: Executable) -> tuple[str, ...]:
    path = str(world.root / executable.path)
    return (path, "--yes") if os.access(path, os.X_OK) else ("bash", path, "--yes")


def _typed(world: World, executable: Executable, variables: dict[str, str]) -> str:
    """Write the command as a person types it; who may not execute the file has bash read it."""
    found = " ".join(f"{name}={shlex.quote(value)}" for name, value in variables.items())
    interpreter = "" if os.access(world.root / executable.path, os.X_OK) else "bash "
    return f"cd {world.root} && {found} {interpreter}{executable.path} --yes"


def _failure(executable: Executable, ended: Exit, output: str, typed: str) -> Failure:
    why = {
        "timeout": f"ran longer than its limit ({executable.timeout_s:g} s) and was stopped"
        if executable.timeout_s
        else "",
        "idle": f"printed nothing for its limit ({executable.idle_s:g} s) and was stopped" if executable.idle_s else "",
    }.get(ended.stopped_by) or f"ended with exit code {ended.rc}"
    code = f"script_{ended.stopped_by}" if ended.stopped_by else "script_failed"
    return Failure(code, f"{executable.path} {why}.\nTo reproduce it:\n  {typed}", ended.rc, output)
