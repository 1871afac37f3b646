"""Commands of playbooks, run by hand in the checkout like hooks (spec: Playbooks)."""

from __future__ import annotations

from released.adapters.commands.scripts import Command, Exit
from released.domain.failure import Failure
from released.domain.releases.release import ReleaseState
from released.domain.releases.steps import Recovery
from released.phases.effects import Process
from released.phases.executables import facts
from released.phases.world import World

_TIMEOUT_S = 3600.0


def fix_process(world: World, command: str, occupant: ReleaseState | None) -> Process:
    """Run a shell command of a playbook; it finds the facts of the release that occupies the environment.

    The command is a line of a file at HEAD, in which only plain words were filled in.
    """

    def shell() -> Command:
        own = {"CONTAINER_PREFIX": world.variables().get("CONTAINER_PREFIX", "")}
        return Command(
            argv=("bash", "-c", command),
            cwd=world.root,
            env=world.command_environment(facts(occupant) if occupant else own),
            timeout_s=_TIMEOUT_S,
            secrets=world.secrets(),
        )

    def failed(ended: Exit, output: str) -> Failure:
        why = "was stopped after an hour" if ended.stopped_by else f"ended with exit code {ended.rc}"
        return Failure("fix_failed", f"`{command}` {why}.", ended.rc, output)

    return Process(world.scripts, shell, failed, recovery=Recovery.ASK)
