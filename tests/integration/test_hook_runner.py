"""The thread that runs hooks by hand: it does not lose an end that could not be recorded at once."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from released.adapters.commands.scripts import Scripts
from released.adapters.docker.engine import DockerEngine
from released.adapters.git.checkout import Git
from released.domain import commands as cmd
from released.domain import events as ev
from released.domain.configuration import Environment
from released.domain.ids import HookName, RequestId, ServiceName, Ticket
from released.engine import faults, hook_runner
from released.engine.answers import Answers
from released.engine.hook_desk import HookDesk
from released.engine.hook_runner import HookRunner
from released.engine.instruments import Instruments
from released.engine.selftest.unchallenged import Unchallenged
from released.phases.world import World
from released.store.errors import StoreFull
from support.ops_repo import OpsRepo
from support.store import ACTOR, must_not_fail, sqlite_store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from released.store.event_store import EventStore, Fence, StreamWrite

COMMAND = cmd.RunHook(ServiceName("wiki"), HookName("renew"), RequestId("request-1"))
PATIENCE_S = 60.0


def run_hook(desk: HookDesk) -> ev.ByHand:
    return desk.run(COMMAND, ACTOR)


@pytest.fixture(name="store")
def _store(tmp_path: Path) -> Iterator[EventStore]:
    with sqlite_store(tmp_path / "released.db") as store:
        yield store


@pytest.fixture(name="world")
def _world(tmp_path: Path) -> World:
    """An environment with one hook, and no engine."""
    repo = OpsRepo.create(tmp_path / "ops", {"packages/wiki/scripts/renew.sh": "#!/bin/sh\necho renewed\n"})
    nowhere = f"unix://{tmp_path}/none.sock"
    return World(
        name="prod",
        settings=Environment.model_validate({"repo": str(repo.checkout), "docker": nowhere}),
        state_dir=tmp_path / "state",
        git=Git(repo.checkout, "origin", "main"),
        engine=DockerEngine(nowhere, owner="test"),
        scripts=Scripts(),
    )


def run(store: EventStore, world: World, begin: Callable[[HookDesk], ev.ByHand] = run_hook) -> ev.HookEnded:
    """Run the hook, or something else, by hand in a daemon of its own, to its end."""
    instruments = Instruments()
    fence = store.take_lease("prod", "host", 1, instruments.boot_id, "0", instruments.now(), ACTOR)
    runner = HookRunner(store, fence, Unchallenged(), world, instruments, faults.nothing, must_not_fail)
    desk = HookDesk(Answers(store, fence, Unchallenged(), world, instruments), store, world, instruments, runner.wake)
    runner.start()
    started, seen = begin(desk), 0
    while (ended := desk.ended(started)) is None:
        before, seen = seen, store.wait(seen, PATIENCE_S)
        assert seen > before, "nothing was recorded for a minute"
    runner.stop()
    return ended


def test_a_hook_is_run_and_its_output_is_on_record(store: EventStore, world: World) -> None:
    ended = run(store, world)
    assert ended.output is not None
    assert (world.state_dir / ended.output.path).read_text() == "renewed\n"


FIX = cmd.RunFix(Ticket("1234"), RequestId("request-2"), "stale-key", "fix", 'echo "in $PWD" && test -d packages')


def apply_fix(desk: HookDesk) -> ev.ByHand:
    return desk.apply(FIX, ACTOR)


def test_a_command_of_a_playbook_is_run_in_the_checkout_and_its_output_is_on_record(
    store: EventStore, world: World
) -> None:
    ended = run(store, world, apply_fix)

    assert (ended.failure, ended.output is not None) == (None, True)
    assert ended.output is not None
    assert (world.state_dir / ended.output.path).read_text() == f"in {world.root}\n"


def test_the_ticket_has_on_record_what_was_applied_to_it_once(store: EventStore, world: World) -> None:
    run(store, world, apply_fix)
    run(store, world, apply_fix)

    recorded = [one.event for one in store.read("release/prod/1234")]
    assert recorded == [ev.PlaybookApplied("request-2", "stale-key", "fix", FIX.command)]


def test_a_command_of_a_playbook_whose_daemon_died_before_it_began_is_not_run_by_the_next(
    store: EventStore, world: World
) -> None:
    instruments = Instruments()
    fence = store.take_lease("prod", "host", 1, instruments.boot_id, "0", instruments.now(), ACTOR)
    HookDesk(Answers(store, fence, Unchallenged(), world, instruments), store, world, instruments, lambda: None).apply(
        FIX, ACTOR
    )

    ended = run(store, world, apply_fix)

    assert ended.failure is not None
    assert ended.failure.code == "hook_not_started"


def test_an_end_that_a_full_disk_did_not_take_is_recorded_once_there_is_space(
    store: EventStore, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    full, append = [StoreFull(Path("released.db")), StoreFull(Path("released.db"))], store.append

    def append_where_there_is_space(
        writes: Sequence[StreamWrite], fence: Fence | None = None
    ) -> tuple[ev.Recorded, ...]:
        is_end = any(isinstance(new.event, ev.HookEnded) for write in writes for new in write.events)
        if is_end and full:
            raise full.pop()
        return append(writes, fence)

    monkeypatch.setattr(store, "append", append_where_there_is_space)
    monkeypatch.setattr(hook_runner, "_PAUSE_S", 0.0)

    assert (run(store, world).failure, full) == (None, [])


def test_an_error_that_nobody_expected_ends_the_hook_and_not_the_daemon(
    store: EventStore, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def defective(*_: object) -> None:
        raise ZeroDivisionError("the environment is odd")

    monkeypatch.setattr(hook_runner, "hook_process", defective)

    ended = run(store, world)

    assert ended.in_doubt
    assert ended.failure is not None
    assert ended.failure.message == "The daemon met an unexpected ZeroDivisionError: the environment is odd"
