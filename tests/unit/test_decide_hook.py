"""Hooks that are run by hand: given events, when one is to start, then it may or may not."""

from __future__ import annotations

import pytest

from released.domain import commands as cmd
from released.domain import events as ev
from released.domain.environments import environment, hook
from released.domain.environments.environment import EnvironmentState
from released.domain.errors import IllegalEvent, Refused
from released.domain.failure import Failure
from released.domain.ids import Phase, ServiceName
from released.domain.releases import decide, lifecycle
from released.domain.releases.plan import Executable
from released.domain.releases.release import ReleaseState
from support.given_when_then import REQUEST, TICKET, prepared, recorded, requested, started

PLACE = "environment/prod"
LEASE = ev.LeaseTaken(3, "host-1", 4711, "boot-1", "0.1.0")
LOCK = ev.LockTaken(TICKET, 1)
STARTED = ev.HookStarted(
    "request-2", ServiceName("web"), Executable("packages/web/scripts/renew.sh", "c" * 40), "stale", "boot-1"
)
ENDED = ev.HookEnded("request-2")
RUNNING = [requested(), *prepared(), started(Phase.MIGRATE, "web.image")]


def place(*events: ev.Event) -> EnvironmentState:
    return environment.fold(recorded(*events, stream=PLACE))


def test_two_hooks_do_not_run_at_once() -> None:
    with pytest.raises(Refused, match=r"alice runs packages/web/scripts/renew\.sh by hand") as refused:
        hook.admit_hook(place(LEASE, STARTED), None)
    assert refused.value.next_commands[0].argv[-2:] == ("--request-id", "request-2")


def test_no_release_starts_while_a_hook_runs() -> None:
    with pytest.raises(Refused, match="Let it end"):
        decide.admit_start(cmd.StartRun(TICKET, REQUEST), ReleaseState(), place(LEASE, STARTED))


def test_a_release_starts_once_the_hook_has_ended() -> None:
    decide.admit_start(cmd.StartRun(TICKET, REQUEST), ReleaseState(), place(LEASE, STARTED, ENDED))


def test_a_hook_belongs_to_the_daemon_that_took_it() -> None:
    unfinished = place(LEASE, STARTED, ev.LeaseTaken(4, "host-1", 4712, "boot-1", "0.1.0")).hook
    assert unfinished is not None
    assert unfinished.epoch == 3


@pytest.mark.parametrize("status", [lifecycle.FREE_WITH_HOOK, lifecycle.OCCUPIED_WITH_HOOK])
@pytest.mark.parametrize("event", [STARTED, LOCK], ids=["hook", "lock"])
def test_while_a_hook_runs_neither_hook_nor_lock_can_be_appended(status: str, event: ev.Event) -> None:
    with pytest.raises(IllegalEvent):
        lifecycle.next_status(PLACE, status, event)


def test_a_halted_release_may_be_given_up_while_a_hook_runs() -> None:
    freed = ev.LockFreed(TICKET, 1)
    assert lifecycle.next_status(PLACE, lifecycle.OCCUPIED_WITH_HOOK, freed) == lifecycle.FREE_WITH_HOOK


@pytest.mark.parametrize(
    ("ended", "code"),
    [
        (ENDED, 0),
        (ev.HookEnded("request-2", Failure("script_failed", "it ended with 7", 7)), 1),
        (ev.HookEnded("request-2", Failure("hook_in_doubt", "it was lost"), in_doubt=True), 8),
    ],
)
def test_the_outcome_is_the_exit_code_of_who_follows(ended: ev.HookEnded, code: int) -> None:
    assert hook.exit_code(ended) == code
