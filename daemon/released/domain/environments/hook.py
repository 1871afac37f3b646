"""What a person runs by hand, hooks and commands of playbooks: when it may start, what it keeps out, how it ended."""

from __future__ import annotations

from released.domain import events as ev
from released.domain.environments.environment import EnvironmentState, HookRun
from released.domain.environments.returning import refuse_while_returning
from released.domain.errors import Refused
from released.domain.failure import Failure
from released.domain.releases import next_steps
from released.domain.releases.outcome import DONE, FAILED, IN_DOUBT
from released.domain.releases.release import ReleaseState


def admit_hook(place: EnvironmentState, occupant: ReleaseState | None) -> None:
    """Let a hook start; mending a halted release is what it is for.

    Args:
        place: the environment as it stands.
        occupant: the release that occupies it, if any.

    Raises:
        Refused: a release runs, another hook does, or the checkout goes back from a hotfix branch.
    """
    refuse_while_hook_runs(place)
    refuse_while_returning(place)
    if occupant is not None and occupant.is_running:
        raise Refused(
            "environment_busy",
            f"Ticket {occupant.ticket} is under way in this environment ({occupant.status}); a hook would get in "
            "its way. Let the release end or cancel it, then run the hook again.",
            next_steps.follow(occupant.ticket),
        )


def refuse_while_hook_runs(place: EnvironmentState) -> None:
    """Refuse to act on an environment in which a hook runs by hand.

    Raises:
        Refused: ``hook_running``, with which, who and since when.
    """
    hook = place.hook
    if hook is not None:
        raise Refused(
            "hook_running",
            f"{hook.actor.name} runs {subject(hook.started)} by hand in this environment since "
            f"{hook.since:%Y-%m-%dT%H:%M:%SZ}. Let it end, then try again.",
            next_steps.attach_to_hook(hook.started),
        )


def subject(started: ev.ByHand) -> str:
    """Name what is run by hand, in a sentence."""
    return started.executable.path if isinstance(started, ev.HookStarted) else f"`{started.command}`"


def not_started(hook: HookRun) -> Failure:
    """Say of a hook that the daemon died before it began; hours later nobody expects it any more."""
    path = subject(hook.started)
    message = f"{path} was not started: the daemon ended before, and nothing was run. Run it again if it is still due."
    return Failure("hook_not_started", message)


def lost(hook: HookRun, look_at: str) -> Failure:
    """Say of a hook that nobody can know how far it came."""
    path = subject(hook.started)
    message = f"It is not known how far {path} came: its process was lost while it ran. Look at: {look_at}."
    return Failure("hook_in_doubt", message)


def exit_code(ended: ev.HookEnded) -> int:
    """Give the exit code of the client that follows the hook."""
    if ended.in_doubt:
        return IN_DOUBT
    return FAILED if ended.failure else DONE


def told(started: ev.ByHand, ended: ev.HookEnded) -> str:
    """Tell how the hook came out, in a sentence."""
    return ended.failure.message if ended.failure else f"{subject(started)} is done."
