"""When a hook may be run by hand."""

from __future__ import annotations

import pytest

from released.domain import events as ev
from released.domain.environments import hook
from released.domain.environments.environment import EnvironmentState
from released.domain.errors import Refused
from released.domain.ids import Phase, ServiceName
from released.domain.releases.plan import Executable
from released.domain.releases.release import ReleaseState
from support.given_when_then import (
    BASE,
    MERGE,
    REQUEST,
    halted,
    place_after,
    prepared,
    requested,
    revert_requested,
    started,
    state_after,
    whole_run,
)

ENSURE_CONFIG = Executable("packages/web/scripts/ensure-config.sh", "c" * 40)
HOOK = ev.HookStarted(REQUEST, ServiceName("web"), ENSURE_CONFIG, "stale key", "boot-1")
MIGRATING = [requested(), *prepared(), started(Phase.MIGRATE)]
REVERTING = [*whole_run(), revert_requested()]


@pytest.mark.parametrize(
    "occupant",
    [None, state_after(*MIGRATING, halted(Phase.MIGRATE)), state_after(*REVERTING, halted(Phase.REVERT))],
    ids=["free", "halted", "halted in revert"],
)
def test_a_hook_may_run_where_nothing_else_does(occupant: ReleaseState | None) -> None:
    hook.admit_hook(EnvironmentState(), occupant)


@pytest.mark.parametrize("events", [MIGRATING, REVERTING], ids=["there", "back"])
def test_a_hook_does_not_run_beside_a_release_that_moves(events: list[ev.Event]) -> None:
    with pytest.raises(Refused, match=r"Ticket 1234 is under way in this environment") as refused:
        hook.admit_hook(EnvironmentState(), state_after(*events))
    assert refused.value.code == "environment_busy"


@pytest.mark.parametrize(
    ("busy", "code"),
    [(HOOK, "hook_running"), (ev.ReturnStarted(REQUEST, "hotfix-7", BASE, MERGE, BASE), "returning")],
    ids=["hook", "return"],
)
def test_a_hook_does_not_run_beside_another_or_while_the_work_tree_changes(busy: ev.Event, code: str) -> None:
    with pytest.raises(Refused) as refused:
        hook.admit_hook(place_after(busy), None)
    assert refused.value.code == code


@pytest.mark.parametrize(
    "ended",
    [[HOOK, ev.HookEnded(REQUEST)], [ev.ReturnStarted(REQUEST, "x", BASE, MERGE, BASE), ev.ReturnEnded(REQUEST)]],
    ids=["hook", "return"],
)
def test_what_is_over_keeps_no_hook_out(ended: list[ev.Event]) -> None:
    hook.admit_hook(place_after(*ended), None)
